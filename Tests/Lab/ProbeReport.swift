/// One probe and its answer.
public struct ProbeResult: Hashable, Sendable {
  public var sent: Moment
  /// When the answer came; nil when it was lost or late.
  public var received: Moment?
  /// Who answered first.
  public var responder: String?
  /// All who answered this one probe.
  public var responders: [String]

  public init(sent: Moment, received: Moment?, responder: String?, responders: [String]) {
    self.sent = sent
    self.received = received
    self.responder = responder
    self.responders = responders
  }
}

/// What a probe saw, from the first answer on: who answered when, and when nobody did.
public struct ProbeReport: Sendable {
  /// A run of lost probes between two answers.
  public struct Outage: Hashable, Sendable {
    /// The last answer before and the first one after; nil when there was none after yet.
    public var from: Moment
    public var to: Moment?
    public var lost: Int
    /// Who answered before and after.
    public var before: String
    public var after: String?

    /// From the last answer before to the first answer after; nil while it goes on.
    public var duration: Duration? { to.map { $0 - from } }
  }

  /// Answers in a row of one node.
  public struct Span: Hashable, Sendable {
    public var responder: String
    public var first: Moment
    public var last: Moment
    public var count: Int
  }

  /// In the order they were sent.
  public let results: [ProbeResult]
  public private(set) var outages: [Outage] = []
  public private(set) var spans: [Span] = []

  public init(_ results: [ProbeResult]) {
    self.results = results
    var lost = 0
    for result in results {
      guard let received = result.received, let responder = result.responder else {
        lost += 1
        continue
      }
      if let last = spans.last {
        if lost > 0 {
          outages.append(
            Outage(
              from: last.last, to: received, lost: lost, before: last.responder, after: responder))
        }
        if last.responder == responder {
          spans[spans.count - 1].last = max(last.last, received)
          spans[spans.count - 1].count += 1
        }
      }
      if spans.last?.responder != responder {
        spans.append(Span(responder: responder, first: received, last: received, count: 1))
      }
      lost = 0
    }
    if lost > 0, let last = spans.last {
      outages.append(
        Outage(from: last.last, to: nil, lost: lost, before: last.responder, after: nil))
    }
  }

  /// The part that was sent at `moment` or later, one answer before it included so that an outage
  /// that begins right there is seen.
  public func since(_ moment: Moment) -> ProbeReport {
    let first = results.firstIndex { $0.sent >= moment } ?? results.endIndex
    let before = results[..<first].last { $0.received != nil }
    return ProbeReport((before.map { [$0] } ?? []) + results[first...])
  }

  public var answered: Int { spans.reduce(0) { $0 + $1.count } }

  public var lost: Int { results.count - answered }

  /// The longest outage; one that goes on is longer than any.
  public var longestOutage: Outage? {
    outages.max { ($0.duration ?? .seconds(1 << 40)) < ($1.duration ?? .seconds(1 << 40)) }
  }

  /// Who answered, in order, each turn once: `["a", "b"]` after one failover.
  public var responders: [String] { spans.map(\.responder) }

  /// Moments at which two nodes answered side by side: one probe answered by both, or a turn of at
  /// most `window` between two turns of another node.
  public func twoHolders(window: Duration = .milliseconds(100)) -> [Moment] {
    let doubled = results.filter { Set($0.responders).count > 1 }.map(\.sent)
    let between = spans.indices.dropFirst().dropLast().filter { index in
      spans[index - 1].responder == spans[index + 1].responder
        && spans[index + 1].first - spans[index - 1].last <= window
    }
    return (doubled + between.map { spans[$0].first }).sorted()
  }
}
