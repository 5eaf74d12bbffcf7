import Glibc

/// Where the programs are.
public enum Products {
  /// The path of a built product: in GODWIT_PRODUCTS if that is set, otherwise beside the running
  /// test bundle or program.
  public static func path(_ product: String) -> String {
    "\(environment("GODWIT_PRODUCTS") ?? built)/\(product)"
  }

  /// Where in PATH, or in the directories of system programs, a program is; nil when nowhere.
  public static func find(_ program: String) -> String? {
    let path = (environment("PATH") ?? "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// A variable of this process's environment.
  public static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// `swift test` names its bundle NAME.xctest on the command line and runs in a program of the
  /// toolchain; everything else is itself in the directory of the products.
  private static var built: String {
    for argument in CommandLine.arguments where argument.contains(".xctest") {
      let bundle = argument.split(separator: "/", omittingEmptySubsequences: false)
      if let index = bundle.firstIndex(where: { $0.hasSuffix(".xctest") }), index > 0 {
        return bundle[..<index].joined(separator: "/")
      }
    }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(
      decoding: buffer[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
  }
}
