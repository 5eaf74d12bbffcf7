import CYAML

/// What libyaml saw next, without its memory.
enum YAMLEvent {
  case streamStart
  case streamEnd
  /// `directive` is `%YAML 1.1` or `%TAG`, the two that change the meaning of what follows.
  case documentStart(directive: String?)
  case documentEnd
  case alias(String)
  case scalar(String, quoted: Bool, YAMLDecoration)
  case sequenceStart(YAMLDecoration)
  case sequenceEnd
  case mappingStart(YAMLDecoration)
  case mappingEnd
}

/// What may stand before a value: `&anchor` and `!tag`.
struct YAMLDecoration {
  var anchor: String?
  var tag: String?
}

/// The events of one text, in order (libyaml's `yaml_parser_parse`). Owns the parser and a copy of
/// the text, which the parser reads from.
struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeMutableBufferPointer<UInt8>
  private let initialized: Bool

  /// The text must be UTF-8 without a byte order mark.
  init(_ bytes: [UInt8]) {
    parser = .allocate(capacity: 1)
    text = .allocate(capacity: bytes.count)
    _ = text.initialize(from: bytes)
    initialized = yaml_parser_initialize(parser) == 1
    if initialized {
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }
  }

  deinit {
    if initialized { yaml_parser_delete(parser) }
    parser.deallocate()
    text.deallocate()
  }

  /// The next event and where it begins; after `streamEnd` or an error there is none.
  mutating func next() throws(YAMLProblem) -> (YAMLEvent, YAMLMark) {
    guard initialized else {
      throw YAMLProblem(
        mark: .start, problem: "libyaml has no memory", remedy: "free memory and try again")
    }
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxProblem() }
    defer { yaml_event_delete(&event) }
    return (Self.meaning(of: event), YAMLMark(event.start_mark))
  }

  private static func meaning(of event: yaml_event_t) -> YAMLEvent {
    switch event.type {
    case YAML_STREAM_START_EVENT: return .streamStart
    case YAML_DOCUMENT_START_EVENT: return .documentStart(directive: directive(of: event))
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        String(decoding: bytes, as: UTF8.self),
        quoted: scalar.style != YAML_PLAIN_SCALAR_STYLE,
        YAMLDecoration(anchor: string(scalar.anchor), tag: string(scalar.tag)))
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return .sequenceStart(YAMLDecoration(anchor: string(start.anchor), tag: string(start.tag)))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return .mappingStart(YAMLDecoration(anchor: string(start.anchor), tag: string(start.tag)))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return .streamEnd
    }
  }

  private static func directive(of event: yaml_event_t) -> String? {
    let start = event.data.document_start
    if let version = start.version_directive?.pointee, version.minor != 2 {
      return "%YAML \(version.major).\(version.minor)"
    }
    return start.tag_directives.start == start.tag_directives.end ? nil : "%TAG"
  }

  private static func string(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    bytes.map { String(cString: $0) }
  }

  private func syntaxProblem() -> YAMLProblem {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable text"
    var description = "not valid YAML: \(problem)"
    if let context = parser.pointee.context.map({ String(cString: $0) }) {
      let mark = YAMLMark(parser.pointee.context_mark)
      description += " \(context) from \(mark.line):\(mark.column)"
    }
    return YAMLProblem(
      mark: YAMLMark(parser.pointee.problem_mark), problem: description,
      remedy: Self.remedy(for: problem))
  }

  /// libyaml says what it missed; this says what a person usually did.
  private static func remedy(for problem: String) -> String {
    switch problem {
    case "found character that cannot start any token":
      "indent with spaces, not tabs; put text that begins with a special character in quotes"
    case "mapping values are not allowed in this context":
      "put text that contains `: ` in quotes, or check the indentation of this line"
    case "could not find expected ':'": "write `key: value`"
    case "did not find expected ',' or ']'":
      "separate the values with `,` and end the list with `]`"
    case "did not find expected ',' or '}'":
      "separate the entries with `,` and end the mapping with `}`"
    case "found unexpected end of stream": "close the quotes"
    default: "check the indentation, the brackets and the quotes here and on the line before"
    }
  }
}

extension YAMLMark {
  init(_ mark: yaml_mark_t) {
    self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }
}
