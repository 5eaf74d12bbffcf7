import Control

/// Reads a line as a request, a reply and an entry of the history file; what can be read says the
/// same when it is written and read again, and what cannot is told in a sentence.
enum ControlTarget {
  static func take(_ input: Span<UInt8>) {
    let bytes = input.elements
    read(Request.self, bytes)
    read(Reply.self, bytes)
    read(HistoryEntry.self, bytes)
  }

  private static func read<Value: Line & Equatable>(_ type: Value.Type, _ bytes: [UInt8]) {
    do throws(LineError) {
      let value = try Value(line: bytes)
      let line = value.line()
      expect(line.last == 10 && !line.dropLast().contains(10), "a value is one line")
      expect((try? Value(line: line)) == value, "\(value) is read as it is written")
    } catch {
      expect(!error.description.isEmpty, "an error says something")
    }
  }
}
