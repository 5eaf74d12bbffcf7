import Lab
import Testing

@Suite("keepalived in the lab", .requiresKeepalived, .serialized)
struct LabKeepalivedTests {
  @Test(
    "elects by priority, and its address moves when the better node is killed behind a dead link",
    arguments: ["10.77.0.100/24", "fd77::100/64"])
  func moves(cidr: String) throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    let address = String(cidr.prefix { $0 != "/" })
    var configuration = KeepalivedConfiguration(
      addresses: cidr.contains(":") ? ["fe80::51/64", cidr] : [cidr])
    configuration.interval = 0.1
    configuration.priority = 150
    let a = lab.keepalived(on: "a", configuration)
    configuration.priority = 100
    let b = lab.keepalived(on: "b", configuration)
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [address]) }
    let sniffer = try lab.sniffer(on: "client")
    try b.start()
    try a.start()
    let frame = try sniffer.wait(for: "an advertisement of priority 150") {
      $0.vrrp?.priority == 150
    }
    #expect(frame.vrrp?.version == 3)
    try lab.eventually("only a has the address") { try lab.holders(of: address) == ["a"] }
    let probe = try lab.probe(address, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }

    try lab.setLink("a", up: false)
    try a.kill()
    try lab.eventually("b answers") { probe.lastAnswer?.responder == "b" }
    #expect(try lab.holds("b", address))
    probe.stop()
    let outage = try #require(probe.report().longestOutage?.duration)
    print("keepalived, advert_int 0.1, \(address): \(outage.inMilliseconds) ms")
    #expect(outage > .milliseconds(100) && outage < .seconds(3))
    try b.stop()
    #expect(try !lab.holds("b", address))
    for echo in echoes { echo.stop() }
  }
}
