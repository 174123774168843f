/// Whether an answer in JSON has the shape that a manual gives for it.
///
/// - Parameters:
///   - call: How the line above the shape begins.
///   - program: Whose manual it is.
/// - Returns: The status 0 if it has, else what is wrong.
public func shape(of text: String, _ call: String, in program: String) throws -> (status: Int32, output: String) {
    let scratch = Scratch()
    let file = scratch.write("answer", text)
    return try run([
        "sh", "-c", "exec node \"$0/Tests/shape.js\" \"$1\" \"$2\" <\"$3\"", Built.repository,
        "\(Built.repository)/Sources/\(program)/README.md", call, file,
    ])
}

/// How the line above the shape of a call that failed begins, in the manual of `debounced`.
public let shapeOfFailure = "A call that fails and has `--json`"
