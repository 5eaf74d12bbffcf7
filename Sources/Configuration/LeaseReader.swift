import Failover
import VRRP

/// How the kernel is made to silence this node in time.
public enum LeaseMechanismSetting: String, Hashable, Sendable, CaseIterable {
  /// The best that the kernel can do.
  case automatic = "auto"
  case bpf, nftables
  case addressLifetime = "address-lifetime"
}

extension LeaseSettings {
  /// `lease`: a duration between one and three intervals, or `off`; two and a half when left out.
  static func read(
    _ section: Section, interval: AdvertisementInterval
  ) -> LeaseSettings {
    let interval = interval.duration
    let standard = LeaseSettings.standard(for: interval)
    guard let field = section["lease"] else { return standard }
    if field.scalar(.text) == "off" { return .standard(for: interval, isEnforced: false) }
    guard let duration = field.duration(.milliseconds(11) ... .milliseconds(122_849)) else {
      return standard
    }
    // Safe below what any Backup waits, with a quarter of a percent for the drift of two clocks.
    guard duration < interval * 3 else {
      field.refuse(
        "a Backup may claim the addresses \(DurationText.spelled(interval * 3)) after the last"
          + " advertisement, while \(DurationText.spelled(duration)) would still answer for them",
        "use less than three times advertisement_interval; the standard is"
          + " \(DurationText.spelled(standard.duration))")
      return standard
    }
    guard duration > interval else {
      field.refuse(
        "it would end before the next advertisement, which leaves every"
          + " \(DurationText.spelled(interval))",
        "use more than advertisement_interval; the standard is"
          + " \(DurationText.spelled(standard.duration))")
      return standard
    }
    return LeaseSettings(duration: duration)
  }
}
