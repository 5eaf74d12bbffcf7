/// One phase of a running failover is over.
public struct Progress: Codable, Equatable, Sendable {
  /// Its name: `precheck`, `demote`, `connections`, …
  public var phase: String
  /// Since the operation began.
  public var elapsedMilliseconds: Int
  /// For a person, why it did not go well; may be empty.
  public var detail: String

  public init(phase: String, elapsedMilliseconds: Int, detail: String = "") {
    self.phase = phase
    self.elapsedMilliseconds = elapsedMilliseconds
    self.detail = detail
  }

  private enum CodingKeys: String, CodingKey {
    case phase, detail
    case elapsedMilliseconds = "elapsed_ms"
  }
}
