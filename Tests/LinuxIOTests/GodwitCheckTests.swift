import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// A TCP listener on a free port of a loopback address; without a backlog the port refuses.
private struct TCPListener: ~Copyable {
  let socket: FileDescriptor
  let port: UInt16

  init(backlog: Int32? = 8) {
    socket = FileDescriptor(
      owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = socket.number
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, length)
        if let backlog { listen(number, backlog) }
        getsockname(number, $0, &length)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
  }
}

/// The program, which the package's build puts beside the tests.
private func check(_ arguments: [String]) -> ChildProcess.Request {
  var path = [CChar](repeating: 0, count: 4096)
  let length = readlink("/proc/self/exe", &path, path.count)
  let runner = String(
    decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let beside = String(runner[..<(runner.lastIndex(of: "/") ?? runner.startIndex)])
  let source = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  let candidates = ["\(beside)/godwit-check", "/\(source)/.build/debug/godwit-check"]
  let program = candidates.first { access($0, X_OK) == 0 } ?? candidates[0]
  return ChildProcess.Request(arguments: [program] + arguments)
}

@Suite struct GodwitCheckTests {
  @Test func `A port that accepts passes, one that refuses fails with its reason`() throws {
    let listener = TCPListener()
    let accepted = try run(check(["tcp", "127.0.0.1:\(listener.port)"]))
    #expect(accepted.status == .exited(0))
    #expect(accepted.errors == [])
    #expect(try run(check(["tcp", "localhost:\(listener.port)"])).status == .exited(0))
    let silent = TCPListener(backlog: nil)
    let refused = try run(check(["tcp", "127.0.0.1:\(silent.port)"]))
    #expect(refused.status == .exited(1))
    #expect(refused.errors == ["tcp 127.0.0.1:\(silent.port): connect: Connection refused"])
  }

  @Test func `An IPv6 address stands in brackets`() throws {
    let outcome = try run(check(["tcp", "[::1]:1"]))
    #expect(outcome.status == .exited(1))
    #expect(outcome.errors.first?.hasPrefix("tcp [::1]:1: ") == true)
  }

  @Test(
    arguments: [
      ("HTTP/1.1 200 OK\r\n\r\n", [], 0),
      ("HTTP/1.0 204\r\n", [], 0),
      ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\n\r\n", [], 0),
      (
        "HTTP/1.1 503 Service Unavailable\r\n\r\n", ["answered 'HTTP/1.1 503 Service Unavailable'"],
        1
      ),
      ("HTTP/1.1 301 Moved\r\n\r\n", ["answered 'HTTP/1.1 301 Moved'"], 1),
      ("SSH-2.0-OpenSSH_9.2\r\n", ["the answer is not HTTP: 'SSH-2.0-OpenSSH_9.2'"], 1),
      ("", ["closed the connection without an answer"], 1),
    ] as [(String, [String], Int32)])
  func `An HTTP status of 200 to 299 passes`(answer: String, reasons: [String], status: Int32)
    throws
  {
    let listener = TCPListener()
    let url = "http://127.0.0.1:\(listener.port)/primary?lag=1#part"
    var child = try ChildProcess.start(check(["http", url]))
    #expect(waitUntilReady(listener.socket.number))
    let client = FileDescriptor(owning: accept(listener.socket.number, nil, nil))
    var request = ""
    while !request.hasSuffix("\r\n\r\n") && waitUntilReady(client.number) {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(client.number, &buffer, buffer.count)
      guard count > 0 else { break }
      request += String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    let bytes = Array(answer.utf8)
    write(client.number, bytes, bytes.count)
    shutdown(client.number, Int32(SHUT_WR))
    #expect(waitUntilReady(child.exitDescriptor))
    #expect(child.reap() == .exited(status))
    var errors: [String] = []
    child.readErrorLines { errors.append($0) }
    #expect(errors == reasons.map { "http \(url): \($0)" })
    #expect(
      request.hasPrefix(
        "GET /primary?lag=1 HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\n"))
  }

  @Test func `Without an answer in its time a check fails`() throws {
    let listener = TCPListener()
    let url = "http://127.0.0.1:\(listener.port)"
    let start = Clock.now()
    let outcome = try run(check(["--timeout-ms", "200", "http", url]))
    #expect(outcome.status == .exited(1))
    #expect(outcome.errors == ["http \(url): no answer within 200 ms"])
    #expect(Clock.now() - start >= .milliseconds(200))
  }

  @Test func `A process is found by its command and by its first argument`() throws {
    let directory = TemporaryDirectory()
    let name = "check-\(directory.path.suffix(6))"
    let absent = try run(check(["process", name]))
    #expect(absent.status == .exited(1))
    #expect(absent.errors == ["process \(name): no such process"])
    let program = "\(directory.path)/\(name)"
    #expect(symlink("/bin/sleep", program) == 0)
    let named = try ChildProcess.start(ChildProcess.Request(arguments: [program, "1000"]))
    #expect(try run(check(["process", name])).status == .exited(0))
    named.killGroup()
    #expect(waitUntilReady(named.exitDescriptor))
    #expect(try run(check(["process", name])).status == .exited(1), "a zombie does not run")
    let long = "argument-longer-than-fifteen-\(name)"
    let argument = try ChildProcess.start(
      ChildProcess.Request(arguments: ["/bin/bash", "-c", "exec -a /x/\(long) sleep 1000"]))
    #expect(becomesTrue { (try? run(check(["process", long])).status) == .exited(0) })
    argument.killGroup()
  }

  @Test func `A file passes when it exists`() throws {
    let directory = TemporaryDirectory()
    let file = directory.write("", to: "ok")
    #expect(try run(check(["file", file])).status == .exited(0))
    let missing = try run(check(["file", "\(directory.path)/missing"]))
    #expect(missing.status == .exited(1))
    #expect(
      missing.errors == ["file \(directory.path)/missing: stat: No such file or directory"])
  }

  @Test(arguments: [
    [], ["tcp"], ["tcp", "127.0.0.1"], ["tcp", "127.0.0.1:0"], ["tcp", "127.0.0.1:+80"],
    ["tcp", "127.0.0.1:65536"], ["tcp", "::1:80"], ["tcp", "[::1]80"], ["tcp", ":80"],
    ["http", "https://127.0.0.1/"], ["http", "127.0.0.1/"], ["http", "http:///x"],
    ["http", "http://user@127.0.0.1/"], ["http", "http://127.0.0.1/a b"], ["ping", "127.0.0.1"],
    ["file", "a", "b"], ["--timeout-ms", "0", "file", "/"], ["--timeout-ms"],
    ["--fast", "file", "/"],
    ["process", ""],
  ])
  func `A wrong command line ends with status 64 and the usage`(arguments: [String]) throws {
    let outcome = try run(check(arguments))
    #expect(outcome.status == .exited(64))
    #expect(outcome.errors.first?.hasPrefix("godwit-check: ") == true)
    #expect(outcome.errors.contains { $0.hasPrefix("usage: godwit-check") })
  }
}
