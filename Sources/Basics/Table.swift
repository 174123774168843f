extension [[ByteString]] {
    /// Rows for people, the heads first, as lines: all columns but the last are filled up to one width.
    /// - Parameter style: Changes a cell once it has its width. Rows count from 0, without the heads.
    public func table(
        style: (ByteString, _ row: Int, _ column: Int) -> ByteString = { cell, _, _ in cell }
    ) -> ByteString {
        let columns = self[0].indices
        let widths = columns.map { column in
            column == columns.last ? 0 : reduce(0) { Swift.max($0, $1[column].count) }
        }
        return indices.map { row in
            columns.map { column in
                let cell = self[row][column].padded(to: widths[column])
                return row > 0 ? style(cell, row - 1, column) : cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
