import CLab
import Foundation
import Glibc

/// A server on a node's loopback that accepts connections and answers each with one HTTP status.
public final class WebServer: Sendable {
  /// Where it listens: 127.0.0.1.
  public let port: UInt16
  private let socket: Int32

  init(_ namespace: String, port: UInt16, status: Int) throws {
    self.port = port
    let socket = clinux_socket_in_namespace(namespace, AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw LabError.system("socket") }
    self.socket = socket
    var on: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let bound = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(socket, 16) == 0 else { throw LabError.system("listen") }
    // Ends with the socket: accept(2) then fails.
    Thread { Self.serve(socket, status) }.start()
  }

  private static func serve(_ socket: Int32, _ status: Int) {
    let answer = Array(
      "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
    var request = [UInt8](repeating: 0, count: 4096)
    while true {
      let client = accept(socket, nil, nil)
      guard client >= 0 else { break }
      _ = recv(client, &request, request.count, 0)
      _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
      closeDescriptor(client)
    }
    closeDescriptor(socket)
  }

  /// Refuses connections from now on.
  public func stop() { shutdown(socket, Int32(SHUT_RDWR)) }
}

extension Lab {
  /// Starts a web server on a node's 127.0.0.1; it runs until it is stopped.
  public func webServer(on node: String, port: UInt16, status: Int = 200) throws -> WebServer {
    try WebServer(namespace(of: node), port: port, status: status)
  }
}
