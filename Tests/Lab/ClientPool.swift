import Glibc

/// TCP clients of one address, all of one kind, in one process on a node: each notices when its
/// connection ends, connects again at once, and tells when a whole request is answered again and by
/// whom.
public final class ClientPool {
  public enum Kind: String, Sendable, CaseIterable {
    /// Says nothing after its first request.
    case idle
    /// Sends a request each 100 ms, all of them evenly over that time.
    case writing
    /// Says nothing at all, as one that waits for the server's first word: a connection is enough, and
    /// who it is with is told as "-".
    case mute
    /// Gone without a word after the first answer; the server alone still has the connection
    /// (RFC 9293 section 3.5.1).
    case halfOpen = "half-open"
  }

  public let kind: Kind
  public let count: Int
  private let process: LabProcess
  private let lab: Lab

  private init(_ process: LabProcess, _ kind: Kind, _ count: Int, _ lab: Lab) {
    self.process = process
    self.kind = kind
    self.count = count
    self.lab = lab
  }

  deinit { process.end() }

  /// Starts up to 8,192 clients on a node and returns once every one has had an answer. A connect or
  /// first request that takes longer than `timeout` is given up and begun anew.
  public static func start(
    _ kind: Kind, _ count: Int, to address: String, port: UInt16 = TCPServer.port,
    from node: String,
    in lab: Lab, timeout: Duration = .milliseconds(250)
  ) throws -> ClientPool {
    let process = try lab.start(
      [
        Products.path("lab-traffic"), "clients", kind.rawValue, "\(count)", address, "\(port)",
        "\(timeout.inNanoseconds / 1_000_000)",
      ], in: node, entry: .network)
    let pool = ClientPool(process, kind, count, lab)
    try pool.waitUntilAllAreUp()
    return pool
  }

  /// Waits until every client has a connection that answers.
  public func waitUntilAllAreUp(within limit: Duration = .seconds(20)) throws {
    try lab.eventually("\(count) clients are answered", within: limit, poll: .milliseconds(20)) {
      guard process.isRunning else { throw LabError("the clients ended: \(process.errors)") }
      return try report().up == count
    }
  }

  /// Waits until every client has noticed the end of its connection at `moment` or later; false when
  /// the time is over.
  public func waitUntilAllKnow(since moment: Moment, within limit: Duration) throws -> Bool {
    let deadline = Moment.now + limit
    var all = false
    try lab.eventually(
      "all know, or the time is over", within: limit + .seconds(5), poll: .milliseconds(20)
    ) {
      all = try report().knowing(since: moment) == count
      return all || Moment.now > deadline
    }
    return all
  }

  /// What has happened so far.
  public func report() throws -> ClientReport { try ClientReport(lines: process.output, count) }

  /// Ends the process: as every process that ends, with a word to the server.
  public func stop() { process.end() }
}

extension Lab {
  /// From now on a node drops what its connection tracking calls invalid, as many firewalls do.
  public func dropInvalid(on node: String) throws {
    try run(
      ["nft", "-f", "-"], in: node,
      input: """
        table inet firewall {
          chain input {
            type filter hook input priority 0; policy accept;
            ct state invalid counter drop
          }
        }

        """
    ).expectSuccess()
  }
}
