import Glibc
import Lab
import Testing

@Suite("The clients", .requiresLab, .serialized)
struct ClientPoolTests {
  static let address = "10.77.0.100"

  /// Nodes a and b with a server each, and the address on a.
  private func lab(_ sockets: TCPServer.Sockets = .split, address: String = address) throws
    -> (lab: Lab, servers: [TCPServer])
  {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    let servers = try ["a", "b"].map { try lab.tcpServer(on: $0, sockets) }
    try addressCommand("add", lab, "a", address)
    return (lab, servers)
  }

  private func addressCommand(
    _ command: String, _ lab: Lab, _ node: String, _ address: String = address
  ) throws {
    let length = address.contains(":") ? ["/128", "nodad"] : ["/32"]
    try lab.run(
      ["ip", "addr", command, address + length[0], "dev", "eth0"] + length.dropFirst(), in: node
    ).expectSuccess()
  }

  @Test("2,000 connections are borne, over either family and by a socket for both")
  func many() throws {
    for (sockets, address) in [
      (TCPServer.Sockets.split, Self.address), (.split, "fd77::100"), (.mapped, Self.address),
    ] {
      let (lab, servers) = try lab(sockets, address: address)
      let pool = try ClientPool.start(.idle, 2000, to: address, from: "client", in: lab)
      let report = try pool.report()
      #expect(report.up == 2000)
      #expect(report.servers == ["a": 2000])
      #expect(report.losses.isEmpty)
      withExtendedLifetime(servers) {}
    }
  }

  @Test("who is idle notices the end that the server's kernel tells, and is answered again")
  func reset() throws {
    let (lab, servers) = try lab()
    let pool = try ClientPool.start(.idle, 50, to: Self.address, from: "client", in: lab)
    let moment = Moment.now
    try lab.run(["ss", "-K", "src", Self.address], in: "a").expectSuccess()
    #expect(try pool.waitUntilAllKnow(since: moment, within: .seconds(5)))
    try pool.waitUntilAllAreUp()
    let report = try pool.report()
    #expect(report.losses.count == 50)
    #expect(report.losses.allSatisfy { $0.error == ECONNRESET && $0.server == "a" })
    #expect(report.summary(since: moment).hasPrefix("50 of 50 know"))
    withExtendedLifetime(servers) {}
  }

  @Test("when the address moves without a word, who writes notices and who is idle does not")
  func moved() throws {
    let (lab, servers) = try lab()
    let idle = try ClientPool.start(.idle, 20, to: Self.address, from: "client", in: lab)
    let writing = try ClientPool.start(.writing, 20, to: Self.address, from: "client", in: lab)
    let moment = Moment.now
    try addressCommand("del", lab, "a")
    try addressCommand("add", lab, "b")
    try lab.inject(announcement(2), from: "b")
    #expect(try writing.waitUntilAllKnow(since: moment, within: .seconds(10)))
    try writing.waitUntilAllAreUp()
    #expect(try idle.report().losses.isEmpty)
    let losses = try writing.report().losses(since: moment)
    #expect(losses.allSatisfy { $0.server == "b" && ($0.again ?? $0.noticed) > $0.noticed })
    withExtendedLifetime(servers) {}
  }

  @Test("connects that nobody answers are given up and counted; refused ones too")
  func nobody() throws {
    let (lab, servers) = try lab()
    let pool = try ClientPool.start(
      .idle, 5, to: Self.address, from: "client", in: lab, timeout: .milliseconds(50))
    let moment = Moment.now
    servers[0].stop()
    #expect(try pool.waitUntilAllKnow(since: moment, within: .seconds(5)))
    try lab.cut("a")
    try lab.eventually("time for late connects goes by") {
      Moment.now - moment > .milliseconds(500)
    }
    try lab.heal("a")
    let again = try lab.tcpServer(on: "a")
    try pool.waitUntilAllAreUp()
    let losses = try pool.report().losses
    #expect(losses.count == 5)
    #expect(losses.allSatisfy { $0.error == 0 && $0.failed > 0 && $0.late > 0 })
    withExtendedLifetime(again) {}
  }

  @Test("half-open connections stand at the server alone")
  func halfOpen() throws {
    let (lab, servers) = try lab()
    let pool = try ClientPool.start(.halfOpen, 30, to: Self.address, from: "client", in: lab)
    func count(_ node: String) throws -> Int {
      let list = ["ss", "-Htn", "state", "established", "( sport = :7778 or dport = :7778 )"]
      return try lab.run(list, in: node).expectSuccess().output.split(separator: "\n").count
    }
    #expect(try count("a") == 30)
    #expect(try count("client") == 0)
    withExtendedLifetime((servers, pool)) {}
  }

  @Test("a firewall that drops what is invalid lets the server kernel's reset through")
  func firewall() throws {
    let (lab, servers) = try lab()
    try lab.dropInvalid(on: "client")
    let pool = try ClientPool.start(.writing, 5, to: Self.address, from: "client", in: lab)
    let moment = Moment.now
    try lab.run(["ss", "-K", "src", Self.address], in: "a").expectSuccess()
    #expect(try pool.waitUntilAllKnow(since: moment, within: .seconds(5)))
    try pool.waitUntilAllAreUp()
    withExtendedLifetime(servers) {}
  }
}
