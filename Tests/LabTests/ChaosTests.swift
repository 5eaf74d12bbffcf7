import Lab
import Testing

@Suite("Chaos", .requiresGodwit)
struct ChaosTests {
  @Test("20 s of everything that happens to hosts: never two holders, and one in the end")
  func short() throws {
    let lab = try Lab.make(nodes: ["judge"])
    let program = Products.path("godwit-chaos")
    let result = try lab.run(
      [program, "--seconds", "20", "--seed", "3"], in: nil, within: .seconds(150))
    #expect(result.exit == .status(0), "\(result.output)\(result.errors)")
    #expect(result.output.contains("calm: "))
  }

  @Test("without a lease the same judge finds two holders after a SIGKILL")
  func withoutLease() throws {
    let lab = try Lab.make(nodes: ["judge"])
    let program = Products.path("godwit-chaos")
    let result = try lab.run(
      [program, "--kills", "1", "--lease", "off"], in: nil, within: .seconds(60))
    #expect(result.exit == .status(1), "\(result.output)\(result.errors)")
    #expect(result.output.contains("BROKEN: kill of a: "))
  }
}
