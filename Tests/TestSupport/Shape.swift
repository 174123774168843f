/// Compares an answer in JSON with the shape in a program's manual.
///
/// - Parameters:
///   - call: The beginning of the line above the shape.
///   - program: The program with the manual.
/// - Returns: The status 0 if the answer has the shape, else 1 and a message.
public func shape(of text: String, _ call: String, in program: String) throws -> (status: Int32, output: String) {
    let scratch = Scratch()
    let file = scratch.write("answer", text)
    return try run([
        "sh", "-c", "exec node \"$0/Tests/shape.js\" \"$1\" \"$2\" <\"$3\"", Built.repository,
        "\(Built.repository)/Sources/\(program)/README.md", call, file,
    ])
}

/// The beginning of the line above the shape of a failed call, in the manual of `debounced`.
public let shapeOfFailure = "A call that fails and has `--json`"
