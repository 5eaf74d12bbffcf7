/// The command line as a question that can be asked.
struct CommandLineArguments {
  enum Question {
    case tcp(Endpoint)
    case http(HTTPLocation)
    case process(String)
    case file(String)
  }

  let question: Question
  /// The words of the question as they were typed.
  let kind: String
  let subject: String
  /// For everything together, 1-3600000.
  let timeoutMilliseconds: Int

  init(_ arguments: some Sequence<String>) throws(Failure) {
    var words: [String] = []
    var timeout = 5000
    var remaining = arguments.makeIterator()
    while let word = remaining.next() {
      if word == "--timeout-ms" {
        guard let text = remaining.next(), let number = Int(text), (1...3_600_000).contains(number)
        else { throw Failure("--timeout-ms needs a number from 1 to 3600000") }
        timeout = number
      } else if word.hasPrefix("--") && words.count < 2 {
        throw Failure("unknown option \(word)")
      } else {
        words.append(word)
      }
    }
    guard words.count == 2, !words[1].isEmpty else { throw Failure("two words are needed") }
    (kind, subject, timeoutMilliseconds) = (words[0], words[1], timeout)
    switch kind {
    case "tcp": question = .tcp(try Endpoint(words[1], standardPort: nil))
    case "http": question = .http(try HTTPLocation(words[1]))
    case "process": question = .process(words[1])
    case "file": question = .file(words[1])
    default: throw Failure("unknown check \(kind): tcp, http, process or file")
    }
  }
}
