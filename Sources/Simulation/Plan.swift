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
    let left = troubleEnds - time
    // Short against the interval, about as long, or long.
    let scale = longestInterval
    let lasting = min(
      left,
      random.pick([
        random.time(1...scale / 10), random.time(1...scale * 3), random.time(1...scale * 3),
        random.time(1...30 * .second),
      ]))
    let node: Int? = random.chance(50) ? nil : random.below(members.count)
    let mishap =
      hasStalls && random.chance(40)
      ? processMishap(lasting, &random) : outerMishap(lasting, &random)
    return Injection(time: time, node: node, mishap: mishap)
  }

  private func processMishap(_ lasting: Nanoseconds, _ random: inout SplitMix64) -> Mishap {
    let effects = random.chance(50) ? 0 : random.below(30)
    switch random.below(mechanism == .deadline || breach == .sleepingTimeout ? 5 : 4) {
    case 0, 1: return .crash(afterEffects: effects, downFor: max(lasting, 100 * .millisecond))
    case 2, 3: return .stall(afterEffects: effects, lasting: lasting)
    default: return .sleep(lasting)
    }
  }

  private func outerMishap(_ lasting: Nanoseconds, _ random: inout SplitMix64) -> Mishap {
    switch random.below(20) {
    case 0, 1:
      let side = UInt8(1 + random.below((1 << members.count) - 1))
      return .partition(
        side: side, random.pick([.complete, .advertisements, .oneWay]), lasting: lasting)
    case 2, 3:
      return .carrierLost(lasting: lasting, noticedAfter: random.time(0...500 * .millisecond))
    case 4, 5: return .checkFails(random.below(2), lasting: lasting)
    case 6, 7: return .callsFail(random.pick(CallKind.allCases), lasting: lasting)
    case 8:
      return hasStalls
        ? .callsAreSlow(upTo: random.time(1...lateness), lasting: lasting) : .announce
    case 9: return .addressesRemoved
    case 10: return .announce
    case 11, 12: return .shutdown(downFor: max(lasting, 100 * .millisecond))
    case 13, 14: return .reload(reload(&random))
    default: return .failover
    }
  }

  private func reload(_ random: inout SplitMix64) -> Reload {
    switch random.below(version == .version2 ? 2 : 4) {
    case 0: .hooks
    case 1: .checks
    case 2: .interval
    default: .addresses(UInt8(1 + random.below(Int(addresses.rawValue))))
    }
  }
}
