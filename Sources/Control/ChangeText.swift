/// `godwit announce` as text.
public enum AnnounceText {
  /// One line.
  public static func render(_ outcome: AnnounceOutcome) -> String {
    guard !outcome.announced.isEmpty else {
      return "Nothing to announce: no virtual router is Active on this node.\n"
    }
    return "Announced again: \(printable(outcome.announced.joined(separator: ", "))).\n"
  }
}

/// `godwit reload` as text.
public enum ReloadText {
  /// What happened, then the virtual routers that it touched.
  public static func render(_ outcome: ReloadOutcome) -> String {
    var lines = [printable(outcome.message)]
    for (word, names) in [
      ("added", outcome.added), ("changed", outcome.changed), ("removed", outcome.removed),
    ] where !names.isEmpty {
      lines.append("  \(word): \(printable(names.joined(separator: ", ")))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
