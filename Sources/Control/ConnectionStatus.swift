/// The addresses' TCP connections, those whose clients are told when the role moves.
public struct ConnectionStatus: Codable, Equatable, Sendable {
  /// Of this node's, those that the peers have been told of.
  public var shared: Int
  /// Of the node that is Active, those that this node has been told of.
  public var known: Int

  public init(shared: Int, known: Int) {
    self.shared = shared
    self.known = known
  }
}
