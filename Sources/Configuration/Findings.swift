/// The mistakes found so far in one file.
final class Findings {
  private let file: String
  private var errors: [ConfigurationError] = []

  init(file: String) { self.file = file }

  func add(_ mark: YAMLMark, _ keyPath: String, _ problem: String, _ remedy: String) {
    errors.append(
      ConfigurationError(
        file: file, line: mark.line, column: mark.column, keyPath: keyPath, problem: problem,
        remedy: remedy))
  }

  func add(_ problem: YAMLProblem) {
    add(problem.mark, problem.keyPath, problem.problem, problem.remedy)
  }

  /// All of them in the order of the file; nil when there are none.
  var inOrder: ConfigurationErrors? {
    // The position in the list keeps two mistakes at one place in the order they were found.
    let sorted = errors.enumerated().sorted {
      ($0.element.line, $0.element.column, $0.offset)
        < ($1.element.line, $1.element.column, $1.offset)
    }
    return ConfigurationErrors(sorted.map(\.element))
  }
}
