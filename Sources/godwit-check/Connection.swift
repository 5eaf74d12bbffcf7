import Glibc

/// When everything has to be answered, on CLOCK_MONOTONIC.
struct Deadline {
  private let end: Int64

  init(milliseconds: Int) { end = Self.now() + Int64(milliseconds) }

  /// Milliseconds that are left, 0 when there are none.
  var remaining: Int64 { max(0, end - Self.now()) }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// A TCP connection; reads and writes block until the process's own deadline ends it.
struct Connection: ~Copyable {
  let descriptor: Int32

  deinit { close(descriptor) }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Connects to the first of the host's addresses that accepts; each gets an equal share of the time.
  static func open(to endpoint: Endpoint, until deadline: Deadline) throws(Failure) -> Connection {
    var wanted = addrinfo()
    wanted.ai_family = AF_UNSPEC
    wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(endpoint.host, endpoint.port, &wanted, &found)
    guard failure == 0 else {
      throw Failure("\(endpoint.host): \(String(cString: gai_strerror(failure)))")
    }
    defer { freeaddrinfo(found) }
    var left = 0
    var next = found
    while let address = next {
      left += 1
      next = address.pointee.ai_next
    }
    var last = Failure("\(endpoint.host): no address")
    next = found
    while let address = next {
      let share = Int32(clamping: deadline.remaining / Int64(left))
      do {
        return try connect(to: address.pointee, milliseconds: share)
      } catch {
        last = error
      }
      left -= 1
      next = address.pointee.ai_next
    }
    throw last
  }

  private static func connect(to address: addrinfo, milliseconds: Int32) throws(Failure)
    -> Connection
  {
    let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = socket(address.ai_family, address.ai_socktype | flags, address.ai_protocol)
    guard number >= 0 else { throw Failure(systemCall: "socket") }
    let connection = Connection(descriptor: number)
    if Glibc.connect(number, address.ai_addr, address.ai_addrlen) != 0 {
      guard errno == EINPROGRESS else { throw Failure(systemCall: "connect") }
      var wanted = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      guard poll(&wanted, 1, milliseconds) == 1 else { throw Failure("connect: no answer") }
      var error: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &length)
      guard error == 0 else { throw Failure(systemCall: "connect", error) }
    }
    guard fcntl(number, F_SETFL, 0) == 0 else { throw Failure(systemCall: "fcntl") }
    return connection
  }

  /// Sends everything.
  func send(_ text: String) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(systemCall: "send") }
      bytes.removeFirst(count)
    }
  }

  /// The next bytes, none at the end.
  func receive() throws(Failure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure(systemCall: "recv") }
    return Array(buffer.prefix(count))
  }
}
