/// What `godwit failover --dry-run` found: what would happen now. It is no promise.
public struct FailoverPlan: Codable, Equatable, Sendable {
  /// The node that would give the role.
  @OrNull public var from: String?
  /// The node that would take it; nil when there is none, or when VRRP would choose.
  @OrNull public var to: String?
  /// One of each node that was asked, the giving one first.
  public var prechecks: [Precheck]
  /// In their order.
  public var steps: [Step]
  /// The addresses' TCP connections that would be reset now; nil when not known.
  @OrNull public var connections: Int?

  /// What a node says about itself.
  public struct Precheck: Codable, Equatable, Sendable {
    public var node: String
    public var verdict: Verdict
    /// Why, and what its `precheck` hooks said; may be empty.
    public var detail: String

    public enum Verdict: String, Codable, Sendable, CaseIterable {
      case ready, refused
      /// It was not asked or did not answer.
      case unknown
    }

    public init(node: String, verdict: Verdict, detail: String = "") {
      self.node = node
      self.verdict = verdict
      self.detail = detail
    }
  }

  /// One phase that would be.
  public struct Step: Codable, Equatable, Sendable {
    /// `demote`, `addresses`, …
    public var phase: String
    /// The node that does it.
    public var node: String
    /// What it does; may be empty.
    public var detail: String

    public init(phase: String, node: String, detail: String = "") {
      self.phase = phase
      self.node = node
      self.detail = detail
    }
  }

  public init(
    from: String?, to: String?, prechecks: [Precheck] = [], steps: [Step] = [],
    connections: Int? = nil
  ) {
    self.from = from
    self.to = to
    self.prechecks = prechecks
    self.steps = steps
    self.connections = connections
  }
}
