import Control
import Testing

struct RequestTests {
  private func read(_ text: String) throws -> Request { try Request(line: Array(text.utf8)) }

  private func complaint(_ text: String) -> String? {
    do throws(LineError) {
      _ = try Request(line: Array(text.utf8))
      return nil
    } catch {
      return error.description
    }
  }

  static let lines: [(String, Request)] = [
    (#"{"command":"status"}"#, .status(name: nil)),
    (#"{"command":"status","name":"orders-db"}"#, .status(name: "orders-db")),
    (#"{"command":"reload"}"#, .reload),
    (#"{"command":"announce"}"#, .announce(name: nil)),
    (#"{"command":"announce","name":"orders-db"}"#, .announce(name: "orders-db")),
    (#"{"command":"history","limit":5}"#, .history(name: nil, limit: 5)),
    (
      #"{"command":"history","limit":20,"name":"orders-db"}"#,
      .history(name: "orders-db", limit: 20)
    ),
    (
      #"{"command":"failover","dry_run":false,"force":false,"name":"a","wait_ms":120000}"#,
      .failover(FailoverRequest(name: "a"))
    ),
    (
      #"{"command":"failover","dry_run":true,"force":true,"name":"a","reason":"disk/2","to":"db-b","wait_ms":0}"#,
      .failover(
        FailoverRequest(
          name: "a", to: "db-b", dryRun: true, reason: "disk/2", force: true, waitMilliseconds: 0))
    ),
    (#"{"command":"maintenance","on":true}"#, .maintenance(name: nil, isOn: true)),
    (
      #"{"command":"maintenance","name":"orders-db","on":false}"#,
      .maintenance(name: "orders-db", isOn: false)
    ),
  ]

  @Test("A request is one flat line of JSON, read and written alike", arguments: lines)
  func form(text: String, request: Request) throws {
    #expect(try read(text) == request)
    #expect(String(decoding: request.line(), as: UTF8.self) == text + "\n")
  }

  @Test("What a client leaves out has its default")
  func defaults() throws {
    #expect(try read(#"{"command":"history"}"#) == .history(name: nil, limit: 20))
    #expect(
      try read(#"{"command":"failover","name":"a"}"#)
        == .failover(
          FailoverRequest(
            name: "a", to: nil, dryRun: false, reason: nil, force: false,
            waitMilliseconds: 120_000)))
    #expect(try read(#"{"command":"status","name":null}"# + "\r\n") == .status(name: nil))
  }

  static let mistakes: [(String, String)] = [
    ("", "not one line of JSON"),
    ("hello", "not one line of JSON"),
    (#"{"command":"status""#, "not one line of JSON"),
    (#"{"command":"status"}{"command":"reload"}"#, "not one line of JSON"),
    ("[]", "the line must be an object"),
    ("7", "the line must be an object"),
    ("null", "the line must be an object, not null"),
    ("{}", #""command" is missing"#),
    (#"{"command":7}"#, #""command" must be text"#),
    (
      #"{"command":"explode"}"#,
      #"unknown command "explode"; known are status, failover, reload, announce, history, maintenance"#
    ),
    (#"{"command":"status","name":7}"#, #""name" must be text"#),
    (#"{"command":"status","dry_run":true}"#, #""status" has no field "dry_run""#),
    (#"{"command":"failover","name":"a","dryrun":true}"#, #""failover" has no field "dryrun""#),
    (#"{"command":"failover"}"#, #""name" is missing"#),
    (#"{"command":"failover","name":"a","force":1}"#, #""force" must be true or false"#),
    (
      #"{"command":"failover","name":"a","wait_ms":-1}"#,
      #""wait_ms" must be 0-3600000, not -1"#
    ),
    (#"{"command":"maintenance","name":"a"}"#, #""on" is missing"#),
    (#"{"command":"maintenance","on":"yes"}"#, #""on" must be true or false"#),
    (#"{"command":"maintenance","off":true}"#, #""maintenance" has no field "off""#),
    (#"{"command":"status","on":true}"#, #""status" has no field "on""#),
    (#"{"command":"history","limit":"5"}"#, #""limit" must be a whole number"#),
    (#"{"command":"history","limit":0}"#, #""limit" must be 1-1000, not 0"#),
    (#"{"command":"history","limit":1001}"#, #""limit" must be 1-1000, not 1001"#),
  ]

  @Test("A malformed request is refused with what is wrong", arguments: mistakes)
  func malformed(text: String, message: String) {
    #expect(complaint(text) == message)
  }

  @Test("Numbers beyond every range, invalid UTF-8 and deep nesting are refused")
  func extremes() {
    #expect(complaint(#"{"command":"history","limit":1e300}"#) != nil)
    #expect(complaint(#"{"command":"history","limit":99999999999999999999}"#) != nil)
    #expect(complaint(#"{"command":"history","limit":1.5}"#) != nil)
    #expect(complaint(String(repeating: "[", count: 16_000)) != nil)
    #expect(complaint(#"{"command":"status","name":"# + String(repeating: "[", count: 9000)) != nil)
    #expect(throws: LineError.self) { try Request(line: [0x7B, 0xFF, 0xFE, 0x7D]) }
    #expect(throws: LineError.self) {
      try Request(line: Array(#"{"command":"status","name":""#.utf8) + [0xC3, 0x28, 0x22, 0x7D])
    }
    #expect(throws: LineError.self) { try Request(line: [UInt8](repeating: 0, count: 100)) }
  }

  @Test("A reason longer than 500 bytes is refused")
  func longReason() throws {
    func line(_ count: Int) -> String {
      #"{"command":"failover","name":"a","reason":""# + String(repeating: "x", count: count)
        + #""}"#
    }
    #expect(try read(line(500)) != .reload)
    #expect(complaint(line(501)) == #""reason" must be at most 500 bytes"#)
  }

  @Test("Any bytes at all are read or refused, and never end the program")
  func anyBytes() {
    let seed = Array(
      #"{"command":"failover","dry_run":true,"name":"ä😀\u00e4","reason":null,"wait_ms":12e1}"#.utf8)
    var random = SplitMix(state: 20_260_131)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch UInt8.random(in: 0...2, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      _ = try? Request(line: bytes)
      _ = try? Reply(line: bytes)
    }
  }

  @Test("Only facts may be asked for without the right to change")
  func rights() {
    #expect(!Request.status(name: nil).changesSomething)
    #expect(!Request.history(name: nil, limit: 1).changesSomething)
    #expect(Request.reload.changesSomething)
    #expect(Request.announce(name: nil).changesSomething)
    #expect(Request.failover(FailoverRequest(name: "a")).changesSomething)
    #expect(Request.maintenance(name: nil, isOn: true).changesSomething)
    #expect(Request.maintenance(name: nil, isOn: false).changesSomething)
  }
}

/// The same numbers in every run (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
