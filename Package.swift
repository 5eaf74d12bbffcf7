// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 language mode, and every warning is an error.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "godwit",
  products: [
    .executable(name: "godwitd", targets: ["godwitd"]),
    .executable(name: "godwit", targets: ["godwit"]),
    .executable(name: "godwit-check", targets: ["godwit-check"]),
    // Preloaded by tests that step a clock.
    .library(name: "godwit-fake-clock", type: .dynamic, targets: ["CFakeClock"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // The kernel and the system's libraries.
    .systemLibrary(
      name: "CNetlink", pkgConfig: "libnl-route-3.0",
      providers: [.apt(["libnl-3-dev", "libnl-route-3-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CLinux"),

    // The pure rooms: values, no I/O, no clock, no Foundation.
    .target(name: "VRRP", swiftSettings: strict),
    .target(name: "Failover", dependencies: ["VRRP"], swiftSettings: strict),

    // Many nodes of them on a virtual clock.
    .target(name: "Simulation", dependencies: ["VRRP", "Failover"], swiftSettings: strict),
    // What went into a daemon's participants, to be played again.
    .target(name: "Recording", dependencies: ["VRRP", "Failover"], swiftSettings: strict),
    .executableTarget(
      name: "simulate",
      dependencies: [
        "Simulation", "Recording",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // The rooms around them.
    .target(
      name: "Configuration", dependencies: ["VRRP", "Failover", "Authentication", "CYAML"],
      swiftSettings: strict),
    .target(name: "LinuxIO", dependencies: ["CLinux", "CNetlink", "VRRP"], swiftSettings: strict),
    .target(name: "Authentication", dependencies: ["CCrypto"], swiftSettings: strict),
    .target(name: "Control", swiftSettings: strict),

    // The programs.
    .executableTarget(
      name: "godwitd",
      dependencies: [
        "VRRP", "Failover", "Recording", "Authentication", "Configuration", "LinuxIO", "Control",
        "CLinux",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "godwit",
      dependencies: [
        "Authentication", "Control", "Configuration",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(name: "godwit-check", dependencies: ["CLinux"], swiftSettings: strict),

    // A lab of network namespaces, shared by the tests, the demonstration and the benchmarks.
    .target(name: "CLab", path: "Tests/CLab"),
    .target(name: "CFakeClock", path: "Tests/CFakeClock"),
    .target(name: "Lab", dependencies: ["CLab"], path: "Tests/Lab", swiftSettings: strict),
    .executableTarget(
      name: "lab-holder", dependencies: ["Lab"], path: "Tests/LabHolder", swiftSettings: strict),
    .executableTarget(name: "lab-traffic", path: "Tests/LabTraffic"),
    .executableTarget(
      name: "lease-holder", dependencies: ["LinuxIO", "VRRP"], path: "Tests/LeaseHolder",
      swiftSettings: strict),
    .executableTarget(
      name: "godwit-demo", dependencies: ["Lab"], path: "Tests/Demo", swiftSettings: strict),
    .executableTarget(
      name: "godwit-bench",
      dependencies: ["Lab", "VRRP", "Failover", "LinuxIO", "CLinux", "lab-traffic"],
      path: "Tests/Benchmarks", swiftSettings: strict),
    .executableTarget(
      name: "godwit-chaos", dependencies: ["Lab", "CLab"], path: "Tests/Chaos",
      swiftSettings: strict),

    .testTarget(
      name: "VRRPTests", dependencies: ["VRRP", "CCrypto"], resources: [.copy("Packets")],
      swiftSettings: strict),
    .testTarget(
      name: "FailoverTests", dependencies: ["Failover", "VRRP"], swiftSettings: strict),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulation", "Recording", "Failover", "VRRP"],
      swiftSettings: strict),
    .testTarget(
      name: "RecordingTests", dependencies: ["Recording", "Failover", "VRRP"],
      swiftSettings: strict),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["Configuration"], swiftSettings: strict),
    .testTarget(
      name: "AuthenticationTests", dependencies: ["Authentication"], swiftSettings: strict),
    .testTarget(
      name: "LinuxIOTests",
      dependencies: ["LinuxIO", "Failover", "Lab", "CLab", "CLinux", "lease-holder"],
      swiftSettings: strict),
    .testTarget(name: "ControlTests", dependencies: ["Control"], swiftSettings: strict),
    .testTarget(
      name: "LabTests",
      dependencies: ["Lab", "Control", "lab-holder", "lab-traffic", "godwit-chaos"],
      swiftSettings: strict),
  ]
)

// Fuzzing needs flags that nothing else is built with: see `make fuzz`.
if Context.environment["FUZZ"] == "1" {
  package.targets += [
    .systemLibrary(name: "CFuzz", path: "Tests/CFuzz"),
    .executableTarget(
      name: "godwit-fuzz",
      dependencies: [
        "CFuzz", "CNetlink", "VRRP", "Failover", "Configuration", "LinuxIO", "Control",
      ], path: "Tests/Fuzz", exclude: ["run"], swiftSettings: strict),
  ]
}
