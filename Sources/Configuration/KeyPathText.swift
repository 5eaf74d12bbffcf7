/// One step from a container to what it holds.
enum KeyPathStep {
  case key(String)
  /// Counted from 0.
  case index(Int)
}

extension [KeyPathStep] {
  /// `virtual_routers.orders-db.checks[0].name`; empty for the root.
  var keyPath: String {
    var text = ""
    for step in self { text = text.appending(step) }
    return text
  }
}

extension String {
  /// This path and one step more.
  func appending(_ step: KeyPathStep) -> String {
    switch step {
    case .key(let key): isEmpty ? shown(key) : "\(self).\(shown(key))"
    case .index(let index): "\(self)[\(index)]"
    }
  }
}

/// A text of the file as it may stand in a message: at most 60 characters, one line, and nothing
/// that a terminal would obey.
func shown(_ text: String) -> String {
  var result = ""
  var count = 0
  for scalar in text.unicodeScalars {
    guard count < 60 else { return result + "…" }
    count += 1
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
