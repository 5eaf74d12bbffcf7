/// Accepts TCP connections on a node, at every address it has or gets, and answers each request with
/// the node's name. Bears some thousand connections; a program of its own.
public final class TCPServer {
  /// Where it listens, beside the port of the datagrams.
  public static let port: UInt16 = 7778

  /// Which sockets it listens on.
  public enum Sockets: String, Sendable {
    /// One for each family.
    case split
    /// One of IPv6 for both: the kernel lists IPv4 connections with v4-mapped addresses.
    case mapped
  }

  public let process: LabProcess

  fileprivate init(_ process: LabProcess) { self.process = process }

  /// Ends it: its connections end too, as those of a program that crashed.
  public func stop() { process.end() }
}

extension Lab {
  /// Starts a server on a node and returns once it listens.
  public func tcpServer(on node: String, _ sockets: TCPServer.Sockets = .split) throws -> TCPServer
  {
    let process = try start(
      [Products.path("lab-traffic"), "serve", node, "\(TCPServer.port)", sockets.rawValue],
      in: node, entry: .network)
    try eventually("a server listens on \(node)", poll: .milliseconds(2)) {
      guard process.isRunning else {
        throw LabError("the server on \(node) ended: \(process.errors)")
      }
      return process.output == "ready\n"
    }
    return TCPServer(process)
  }
}
