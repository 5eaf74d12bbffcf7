import Glibc
import Testing

@testable import LinuxIO

/// Connects to a Unix socket; -1 with errno when that fails.
private func connectTo(_ path: String) throws -> Int32 {
  let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  if try UnixAddress(path: path).use({ connect(number, $0, $1) }) == 0 { return number }
  let failure = errno
  close(number)
  errno = failure
  return -1
}

/// A client and the connection it made.
private struct Pair: ~Copyable {
  let directory = TemporaryDirectory()
  let listener: UnixListener
  let client: FileDescriptor
  var connection: UnixConnection

  init() throws {
    let listener = try UnixListener.open(
      path: "\(directory.path)/socket", mode: 0o600, group: nil)
    let client = FileDescriptor(owning: try connectTo("\(directory.path)/socket"))
    _ = waitUntilReady(listener.descriptor)
    guard let connection = try listener.accept() else { throw SystemError("accept4", EAGAIN) }
    self.listener = listener
    self.client = client
    self.connection = connection
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(client.number, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest.removeFirst(count)
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }
}

@Suite struct UnixSocketTests {
  @Test func `The listener makes its directory and sets mode and group`() throws {
    let directory = TemporaryDirectory()
    let path = "\(directory.path)/run"
    let listener = try UnixListener.open(path: "\(path)/socket", mode: 0o660, group: getegid())
    var status = stat()
    #expect(lstat("\(path)/socket", &status) == 0)
    #expect(status.st_mode == S_IFSOCK | 0o660)
    #expect(status.st_gid == getegid())
    let waiting = try listener.accept() == nil
    #expect(waiting)
    listener.close()
    #expect(lstat("\(path)/socket", &status) == -1 && errno == ENOENT)
    rmdir(path)
  }

  @Test func `A socket that somebody answers on is not replaced, a stale one is`() throws {
    let directory = TemporaryDirectory()
    let path = "\(directory.path)/socket"
    // What a daemon that was killed leaves behind: a name that nobody listens at.
    let killed = try UnixAddress.socket()
    #expect(try UnixAddress(path: path).use({ bind(killed.number, $0, $1) }) == 0)
    let first = try UnixListener.open(path: path, mode: 0o600, group: nil)
    #expect(throws: SystemError("bind", EADDRINUSE)) {
      _ = try UnixListener.open(path: path, mode: 0o600, group: nil)
    }
    let client = FileDescriptor(owning: try connectTo(path))
    #expect(client.number >= 0)
    first.close()
  }

  @Test func `What is no socket is never removed`() throws {
    let directory = TemporaryDirectory()
    let path = directory.write("precious", to: "socket")
    #expect(throws: SystemError("bind", EEXIST)) {
      _ = try UnixListener.open(path: path, mode: 0o600, group: nil)
    }
    #expect(readFile(path) == "precious")
  }

  @Test func `Closing leaves a path alone that has become another's`() throws {
    let directory = TemporaryDirectory()
    let path = "\(directory.path)/socket"
    let listener = try UnixListener.open(path: path, mode: 0o600, group: nil)
    unlink(path)
    _ = directory.write("another", to: "socket")
    listener.close()
    #expect(readFile(path) == "another")
  }

  @Test func `A path that does not fit into a socket's address is refused`() {
    let path = "/tmp/" + String(repeating: "x", count: 103)
    #expect(throws: SystemError("bind", ENAMETOOLONG)) { try UnixAddress(path: path) }
    #expect(throws: SystemError("bind", EINVAL)) { try UnixAddress(path: "") }
  }

  @Test func `The kernel tells who is at the other end`() throws {
    let pair = try Pair()
    let expected = UnixConnection.PeerCredentials(
      processIdentifier: getpid(), user: geteuid(), group: getegid())
    #expect(pair.connection.credentials == expected)
    var groups = [gid_t](repeating: 0, count: 65536)
    let count = getgroups(Int32(groups.count), &groups)
    #expect(pair.connection.groups.sorted() == groups.prefix(Int(count)).sorted())
  }

  @Test(.requiresRoot) func `The groups of a client are those of its user`() throws {
    let directory = TemporaryDirectory()
    let listener = try UnixListener.open(
      path: "\(directory.path)/socket", mode: 0o666, group: nil)
    let groups: [UInt32] = Array(30_000..<30_100)
    var request = ChildProcess.Request(
      arguments: [
        "/usr/bin/python3", "-c",
        "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.recv(1)",
        "\(directory.path)/socket",
      ])
    request.credentials = Account.Credentials(
      user: 65534, group: 65533, groups: groups, name: "nobody", homeDirectory: "/", shell: "")
    let child = try ChildProcess.start(request)
    #expect(waitUntilReady(listener.descriptor))
    let accepted = try listener.accept()
    let peer = accepted.reading { ($0.credentials, $0.groups) }
    #expect(
      peer?.0
        == UnixConnection.PeerCredentials(
          processIdentifier: child.processIdentifier, user: 65534, group: 65533))
    #expect(peer?.1 == groups)
  }

  @Test func `Lines come whole, in order, however they were cut on the way`() throws {
    var pair = try Pair()
    #expect(pair.connection.receiveLine(limit: 65536) == .waiting)
    pair.send("{\"a\"")
    #expect(pair.connection.receiveLine(limit: 65536) == .waiting)
    pair.send(":1}\n\nthird\nrest")
    #expect(pair.connection.receiveLine(limit: 65536) == .line(Array("{\"a\":1}".utf8)))
    #expect(pair.connection.hasReceivedInput == true)
    #expect(pair.connection.receiveLine(limit: 65536) == .line([]))
    #expect(pair.connection.receiveLine(limit: 65536) == .line(Array("third".utf8)))
    #expect(pair.connection.receiveLine(limit: 65536) == .waiting)
    pair.send("!\nnever ended")
    shutdown(pair.client.number, Int32(SHUT_WR))
    #expect(pair.connection.receiveLine(limit: 65536) == .line(Array("rest!".utf8)))
    #expect(pair.connection.receiveLine(limit: 65536) == .closed)
    #expect(pair.connection.receiveLine(limit: 65536) == .closed)
  }

  @Test func `A line of as many bytes as asked for is taken and a longer one is not`() throws {
    var pair = try Pair()
    pair.send([UInt8](repeating: 97, count: 65536) + [10])
    #expect(
      pair.connection.receiveLine(limit: 65536) == .line([UInt8](repeating: 97, count: 65536)))
    pair.send([UInt8](repeating: 97, count: 65537))
    #expect(pair.connection.receiveLine(limit: 65536) == .tooLong)
    #expect(pair.connection.receiveLine(limit: 65536) == .tooLong)
    var second = try Pair()
    second.send([UInt8](repeating: 97, count: 65537) + [10])
    #expect(second.connection.receiveLine(limit: 65536) == .tooLong)
  }

  @Test func `A client that does not read costs at most 4 MiB and blocks nobody`() throws {
    var pair = try Pair()
    #expect(pair.connection.hasPendingOutput == false)
    #expect(pair.connection.flush() == .done)
    let chunk = [UInt8](repeating: 98, count: 65536)
    // What the socket's own buffer takes comes on top.
    var accepted = 0
    while pair.connection.queue(chunk) && accepted < 1000 {
      accepted += 1
      _ = pair.connection.flush()
    }
    #expect((64...128).contains(accepted))
    #expect(pair.connection.hasPendingOutput == true)
    #expect(pair.connection.flush() == .pending)
    var received = 0
    var buffer = [UInt8](repeating: 0, count: 65536)
    while received < accepted * 65536 {
      let count = read(pair.client.number, &buffer, buffer.count)
      guard count > 0 else { break }
      received += count
      _ = pair.connection.flush()
    }
    #expect(received == accepted * 65536)
    #expect(pair.connection.flush() == .done)
    #expect(pair.connection.queue([1]) == true)
  }

  @Test func `Sending to a client that has gone is an answer and no signal`() throws {
    var pair = try Pair()
    #expect(pair.connection.queue([1, 2, 3]) == true)
    shutdown(pair.client.number, Int32(SHUT_RDWR))
    #expect(pair.connection.flush() == .closed)
  }
}
