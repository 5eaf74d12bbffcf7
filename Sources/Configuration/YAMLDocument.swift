/// One YAML 1.2 document as a tree of nodes with their places.
///
/// The tree is bounded: see the limits below. Anchors, aliases and tags are refused, each at its
/// place, because a file that means something else than it shows is a trap; the rest of the tree is
/// read on, so that one run finds every mistake.
struct YAMLDocument {
  /// Containers within each other.
  static let maximumDepth = 32
  /// Bytes of the text.
  static let maximumSize = 1 << 20
  /// Keys, values and containers together.
  static let maximumNodes = 100_000

  /// nil when the text is not one document at all.
  let root: YAMLNode?
  /// In the order they were found.
  let problems: [YAMLProblem]

  init(_ text: [UInt8]) {
    let bytes: [UInt8]
    do throws(YAMLProblem) {
      bytes = try SourceText.checked(text)
    } catch {
      root = nil
      problems = [error]
      return
    }
    var composer = YAMLComposer(bytes)
    do throws(YAMLProblem) {
      root = try composer.document()
      problems = composer.problems
    } catch {
      root = nil
      problems = composer.problems + [error]
    }
  }
}

/// Builds the tree from the events; throws what ends the reading, keeps what does not.
private struct YAMLComposer: ~Copyable {
  private(set) var problems: [YAMLProblem] = []
  private var events: YAMLEvents
  private var nodes = 0
  private var path: [KeyPathStep] = []

  init(_ text: [UInt8]) { events = YAMLEvents(text) }

  mutating func document() throws(YAMLProblem) -> YAMLNode {
    _ = try events.next()  // streamStart
    guard case (.documentStart(let directive), let mark) = try events.next() else {
      throw YAMLProblem(
        mark: .start, problem: "the file is empty", remedy: "write at least `virtual_routers`")
    }
    if let directive {
      report(mark, "`\(directive)` is not supported, the file is read as YAML 1.2", "remove it")
    }
    let (event, start) = try events.next()
    let root = try node(event, start)
    _ = try events.next()  // documentEnd
    if case (.documentStart, let mark) = try events.next() {
      throw YAMLProblem(
        mark: mark, problem: "a second document begins here",
        remedy: "keep one document, without a second `---`")
    }
    return root
  }

  private mutating func node(_ event: YAMLEvent, _ mark: YAMLMark) throws(YAMLProblem) -> YAMLNode {
    nodes += 1
    guard nodes <= YAMLDocument.maximumNodes else {
      throw YAMLProblem(
        mark: mark, problem: "the file has more than 100000 keys and values",
        remedy: "make it smaller")
    }
    switch event {
    case .alias(let name):
      report(mark, "the alias `*\(shown(name))` is not supported", "write the value itself")
      return YAMLNode(mark: mark, content: .refused)
    case .scalar(let text, let quoted, let decoration):
      return accept(decoration, YAMLNode(mark: mark, content: .scalar(text, quoted: quoted)))
    case .sequenceStart(let decoration):
      return accept(decoration, YAMLNode(mark: mark, content: .sequence(try sequence(mark))))
    case .mappingStart(let decoration):
      return accept(decoration, YAMLNode(mark: mark, content: .mapping(try mapping(mark))))
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
      throw YAMLProblem(mark: mark, problem: "a value is missing here", remedy: "write one")
    }
  }

  private mutating func sequence(_ mark: YAMLMark) throws(YAMLProblem) -> [YAMLNode] {
    var elements: [YAMLNode] = []
    try descend(to: .index(0), mark)
    while true {
      path[path.count - 1] = .index(elements.count)
      let (event, start) = try events.next()
      if case .sequenceEnd = event { break }
      elements.append(try node(event, start))
    }
    path.removeLast()
    return elements
  }

  private mutating func mapping(_ mark: YAMLMark) throws(YAMLProblem) -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var marks: [String: YAMLMark] = [:]
    try descend(to: .key("?"), mark)
    while true {
      path[path.count - 1] = .key("?")
      let (event, keyMark) = try events.next()
      if case .mappingEnd = event { break }
      guard case .scalar(let key, _) = try node(event, keyMark).content else {
        report(keyMark, "a key must be text", "write `key: value`")
        let (event, start) = try events.next()
        _ = try node(event, start)
        continue
      }
      path[path.count - 1] = .key(key)
      if let first = marks[key] {
        report(
          keyMark, "duplicate key, first set at \(first.line):\(first.column)", "keep one of them")
      }
      let (valueEvent, start) = try events.next()
      let value = try node(valueEvent, start)
      guard marks.updateValue(keyMark, forKey: key) == nil else { continue }
      entries.append(YAMLEntry(key: key, keyMark: keyMark, value: value))
    }
    path.removeLast()
    return entries
  }

  private mutating func descend(to step: KeyPathStep, _ mark: YAMLMark) throws(YAMLProblem) {
    guard path.count < YAMLDocument.maximumDepth else {
      throw YAMLProblem(
        mark: mark, problem: "lists and mappings are nested deeper than 32", remedy: "close some")
    }
    path.append(step)
  }

  private mutating func accept(_ decoration: YAMLDecoration, _ node: YAMLNode) -> YAMLNode {
    if let anchor = decoration.anchor {
      report(node.mark, "the anchor `&\(shown(anchor))` is not supported", "remove it")
    }
    guard let tag = decoration.tag else { return node }
    report(node.mark, "the tag `\(shown(tag))` is not supported", "remove it")
    return YAMLNode(mark: node.mark, content: .refused)
  }

  private mutating func report(_ mark: YAMLMark, _ problem: String, _ remedy: String) {
    problems.append(
      YAMLProblem(mark: mark, keyPath: path.keyPath, problem: problem, remedy: remedy))
  }
}
