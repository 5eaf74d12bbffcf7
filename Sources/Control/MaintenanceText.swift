/// `godwit maintenance` as text: what now happens, and what is wrong.
public enum MaintenanceText {
  /// The whole text, its last line ended too.
  public static func render(_ outcome: MaintenanceOutcome, style: TextStyle = .plain) -> String {
    guard !outcome.routers.isEmpty else { return "This node has no virtual router.\n" }
    return outcome.routers.map { lines($0, style).joined(separator: "\n") + "\n" }
      .joined(separator: "\n")
  }

  private static func lines(
    _ router: MaintenanceOutcome.Router, _ style: TextStyle
  ) -> [String] {
    let name = printable(router.name)
    var lines: [String]
    if router.isOn {
      lines = [
        "\(name): \(style.paint("MAINTENANCE", .alarm)) is on",
        "  Nobody claims, preempts or moves the role by itself until it is off.",
        "  " + address(router),
      ]
    } else {
      lines = [
        "\(name): maintenance is off", "  The role moves by itself again, as soon as it is safe.",
      ]
    }
    if !router.detail.isEmpty { lines.append("  " + printable(router.detail)) }
    if !router.told.isEmpty { lines.append("  Told: \(list(router.told)).") }
    if !router.untold.isEmpty {
      lines += untold(router).map { "  " + style.paint($0, .red) }
    }
    if router.isOn { lines.append("  Afterwards: `godwit maintenance off \(name)`.") }
    return lines
  }

  private static func address(_ router: MaintenanceOutcome.Router) -> String {
    guard router.keepsAddress, router.leaseMilliseconds > 0 else {
      return "The address does not outlive its daemon: it leaves when godwitd stops or restarts."
    }
    let time = durationText(milliseconds: Int64(router.leaseMilliseconds))
    return "The address stays through a restart of its godwitd of up to \(time)."
  }

  private static func untold(_ router: MaintenanceOutcome.Router) -> [String] {
    let names = list(router.untold)
    if router.isOn {
      return [
        "NOT TOLD: \(names): may still take the role by itself, and until it is told the address",
        "does not outlive its daemon. See in `godwit status` that it is heard; it learns it then.",
      ]
    }
    return [
      "NOT TOLD: \(names): does not take over until it is told.",
      "See in `godwit status` that it is heard; it learns it then.",
    ]
  }

  private static func list(_ names: [String]) -> String {
    printable(names.joined(separator: ", "))
  }
}
