/// How text for a terminal is written.
public struct TextStyle: Equatable, Sendable {
  /// Whether to colour states (ECMA-48, SGR).
  public var colour: Bool

  public init(colour: Bool) { self.colour = colour }

  public static let plain = TextStyle(colour: false)

  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case faint = "2"
    /// Bold, reversed and red.
    case alarm = "1;7;31"
  }

  func paint(_ text: String, _ colour: Colour?) -> String {
    guard self.colour, let colour, !text.isEmpty else { return text }
    return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
  }
}

/// Columns of text, two spaces apart, each as wide as its widest cell that has another behind it;
/// nothing trails a line.
struct TextTable {
  struct Cell: ExpressibleByStringLiteral {
    var text: String
    var colour: TextStyle.Colour?

    init(_ text: String, _ colour: TextStyle.Colour? = nil) {
      self.text = text
      self.colour = colour
    }

    init(stringLiteral value: String) { self.init(value) }
  }

  /// Columns whose cells end flush, as numbers do.
  var flushRight: Set<Int> = []
  var rows: [[Cell]] = []

  func lines(style: TextStyle, indent: String = "") -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        // What ends a line pushes nothing.
        guard column < row.count - 1 || flushRight.contains(column) else { continue }
        widths[column] = max(widths[column], cell.text.count)
      }
    }
    return rows.map { row in
      var line = indent
      for (column, cell) in row.enumerated() {
        let gap = String(repeating: " ", count: max(0, widths[column] - cell.text.count))
        let painted = style.paint(cell.text, cell.colour)
        line += flushRight.contains(column) ? gap + painted : painted + gap
        line += "  "
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

/// `text` without what would move the cursor or recolour the terminal of its reader: control
/// characters become spaces, except line ends if `lines` is true.
func printable(_ text: String, lines: Bool = false) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x0A where lines: result.append(scalar)
    case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
      result.append(" ")
    default: result.append(scalar)
    }
  }
  return String(result)
}
