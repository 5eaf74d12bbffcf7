// The plan of what goes wrong, and when.
extension Scenario {
  mutating func plan(_ random: inout SplitMix64) {
    var time = 4 * Nanoseconds.second
    let gap = random.pick([1, 4, 12]) * Nanoseconds.second
    while true {
      time += random.time(50 * .millisecond...gap)
      // Whatever begins in time ends in time: the quiet is quiet.
      guard time < troubleEnds - .second else { return }
      injections.append(next(at: time, &random))
    }
  }

  private func next(at time: Nanoseconds, _ random: inout SplitMix64) -> Injection {
    let left = troubleEnds - time - .millisecond
    // Short against the interval, about as long, or long.
    let scale = longestInterval
    let lasting = min(
      left,
      random.pick([
        random.time(1...scale / 10), random.time(1...scale * 3), random.time(1...scale * 3),
        random.time(1...30 * .second),
      ]))
    let node: Int? = random.chance(50) ? nil : random.below(members.count)
    if breach == .lateTimeout, random.chance(40) {
      let slow = Mishap.callsAreSlow(upTo: lateness, lasting: min(left, 10 * .second))
      return Injection(time: time, node: nil, mishap: slow)
    }
    let mishap =
      hasStalls && random.chance(40)
      ? processMishap(lasting, &random) : outerMishap(lasting, &random)
    return Injection(time: time, node: node, mishap: mishap)
  }

  private func processMishap(_ lasting: Nanoseconds, _ random: inout SplitMix64) -> Mishap {
    let effects = random.chance(50) ? 0 : random.below(30)
    let sleeps = nodesJoin && (mechanism == .deadline || breach == .sleepingTimeout)
    switch random.below(sleeps ? 5 : 4) {
    case 0 where nodesJoin, 1 where nodesJoin:
      return .crash(afterEffects: effects, downFor: max(lasting, 100 * .millisecond))
    case 4: return .sleep(lasting)
    default: return .stall(afterEffects: effects, lasting: lasting)
    }
  }

  private func outerMishap(_ lasting: Nanoseconds, _ random: inout SplitMix64) -> Mishap {
    if hasMaintenance, nodesJoin, random.chance(8) {
      return .maintenance(isOn: random.chance(60))
    }
    switch random.below(20) {
    case 0, 1:
      let side = UInt8(1 + random.below((1 << members.count) - 1))
      return .partition(
        side: side, random.pick([.complete, .advertisements, .oneWay]), lasting: lasting)
    case 2 where nodesJoin, 3 where nodesJoin:
      return .carrierLost(lasting: lasting, noticedAfter: random.time(0...500 * .millisecond))
    case 4, 5: return .checkFails(random.below(2), lasting: lasting)
    case 6 where nodesJoin, 7 where nodesJoin: return callsFail(lasting, &random)
    case 8 where hasStalls:
      return .callsAreSlow(upTo: random.time(1...lateness), lasting: lasting)
    case 9: return .addressesRemoved
    case 10: return .announce
    case 11 where nodesJoin, 12 where nodesJoin:
      return .shutdown(downFor: max(lasting, 100 * .millisecond))
    case 13, 14: return .reload(reload(&random))
    default: return .failover
    }
  }

  /// Where every advertisement is needed, none fails to leave.
  private func callsFail(_ lasting: Nanoseconds, _ random: inout SplitMix64) -> Mishap {
    let kind = random.pick(CallKind.allCases)
    let needsSending = !hasStalls && (kind == .send || kind == .all)
    return .callsFail(needsSending ? .install : kind, lasting: lasting)
  }

  private func reload(_ random: inout SplitMix64) -> Reload {
    switch random.below(version == .version2 ? 1 : 4) {
    case 0: .hooks
    case 1 where nodesJoin: .checks
    case 2: .interval(isOther: random.chance(50))
    default: .addresses(UInt8(1 + random.below(Int(addresses.rawValue))))
    }
  }
}
