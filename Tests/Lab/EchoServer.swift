import CLab

/// Answers probes on a node with the node's name, on addresses that need not be there yet.
public final class EchoServer {
  /// The port of all probes.
  public static let port: UInt16 = 7777

  private var thread: OpaquePointer?

  fileprivate init(_ thread: OpaquePointer) { self.thread = thread }

  deinit { stop() }

  /// Ends it; the lab's removal does not, its sockets end with it.
  public func stop() {
    if let thread { clinux_echo_stop(thread) }
    thread = nil
  }
}

extension Lab {
  /// Starts an echo server on a node for up to 8 addresses. It runs while it is referenced.
  public func echo(on node: String, _ addresses: [String]) throws -> EchoServer {
    var sockets: [Int32] = []
    do {
      for address in addresses {
        let bytes = try addressBytes(address)
        let socket = clinux_lab_bound_socket(
          namespace(of: node), bytes, bytes.count, EchoServer.port)
        if socket < 0 { throw LabError.system("bind \(address) on \(node)") }
        sockets.append(socket)
      }
      guard let thread = clinux_echo_start(sockets, sockets.count, node) else {
        throw LabError.system("start an echo server on \(node)")
      }
      return EchoServer(thread)
    } catch {
      for socket in sockets { closeDescriptor(socket) }
      throw error
    }
  }
}
