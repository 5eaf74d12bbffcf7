/// What the clients of a pool went through.
public struct ClientReport: Sendable {
  /// One end of one connection.
  public struct Loss: Hashable, Sendable {
    public var client: Int
    /// When the client noticed.
    public var noticed: Moment
    /// errno(3); 0 for an orderly end.
    public var error: Int32
    /// When a whole request was answered again, and by which node.
    public var again: Moment?
    public var server: String?
    /// Connects until then that failed, and that were given up because they took too long.
    public var failed = 0
    public var late = 0
  }

  public let clients: Int
  /// Clients with a connection that has answered.
  public private(set) var up = 0
  /// In the order in which they were noticed.
  public private(set) var losses: [Loss] = []
  /// Who answered the first request of each client.
  public private(set) var servers: [String: Int] = [:]
  /// Whom the clients that are up are connected with.
  public private(set) var present: [String: Int] = [:]

  /// From the lines of `lab-traffic clients`; one without its end is left out.
  init(lines: String, _ clients: Int) throws {
    self.clients = clients
    var open: [Int: Int] = [:]
    var connected: [Int: String] = [:]
    defer { for server in connected.values { present[server, default: 0] += 1 } }
    for line in lines.split(separator: "\n").dropLast(lines.hasSuffix("\n") ? 0 : 1) {
      let words = line.split(separator: " ")
      guard words.count >= 4, let client = Int(words[1]), let time = Int64(words[2]) else {
        throw LabError("not a line of the clients: \(line)")
      }
      let moment = Moment(nanoseconds: time)
      if words[0] == "down" {
        up -= 1
        connected[client] = nil
        open[client] = losses.count
        losses.append(Loss(client: client, noticed: moment, error: Int32(words[3]) ?? -1))
        continue
      }
      up += 1
      let server = String(words[3])
      connected[client] = server
      guard let place = open.removeValue(forKey: client) else {
        servers[server, default: 0] += 1
        continue
      }
      losses[place].again = moment
      losses[place].server = server
      losses[place].failed = words.count > 4 ? Int(words[4]) ?? 0 : 0
      losses[place].late = words.count > 5 ? Int(words[5]) ?? 0 : 0
    }
  }

  /// The first loss of each client that noticed one at `moment` or later.
  public func losses(since moment: Moment) -> [Loss] {
    var seen: Set<Int> = []
    return losses.filter { $0.noticed >= moment && seen.insert($0.client).inserted }
  }

  /// How many clients noticed at `moment` or later.
  public func knowing(since moment: Moment) -> Int { losses(since: moment).count }

  /// From `moment` until each client noticed, in order.
  public func noticing(since moment: Moment) -> [Duration] {
    losses(since: moment).map { $0.noticed - moment }.sorted()
  }

  /// From `moment` until each client that noticed was answered again, in order.
  public func answering(since moment: Moment) -> [Duration] {
    losses(since: moment).compactMap { loss in loss.again.map { $0 - moment } }.sorted()
  }

  /// One line for a person.
  public func summary(since moment: Moment) -> String {
    let losses = losses(since: moment)
    let failed = losses.reduce(0) { $0 + $1.failed }
    let late = losses.reduce(0) { $0 + $1.late }
    return
      "\(losses.count) of \(clients) know, ms \(Self.percentiles(noticing(since: moment))); "
      + "answered again, ms \(Self.percentiles(answering(since: moment))); "
      + "\(failed) connects failed, \(late) were late"
  }

  private static func percentiles(_ times: [Duration]) -> String {
    guard let first = times.first, let last = times.last else { return "-" }
    let parts = [first, times[times.count / 2], times[times.count * 99 / 100], last]
    return parts.map { "\((($0 / .microseconds(1)).rounded()) / 1000)" }.joined(separator: "/")
      + " (least/50 %/99 %/greatest)"
  }
}
