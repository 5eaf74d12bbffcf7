import Configuration
import Failover
import VRRP

/// Reads a configuration file: what is refused is refused with place and remedy, and what is
/// accepted can be put on the wire.
enum ConfigurationTarget {
  static func take(_ input: Span<UInt8>) {
    let text = input.elements
    do throws(ConfigurationErrors) {
      let configuration = try NodeConfiguration.read(text, file: "godwit.yaml", hostName: "db-a")
      expect(!configuration.virtualRouters.isEmpty, "there is a virtual router")
      for router in configuration.virtualRouters { check(router) }
    } catch {
      // The end counts as a line of its own; U+0085, U+2028 and U+2029, of two bytes and more, end
      // one as well.
      let lines = text.count { $0 == 10 || $0 == 13 } + 2 + text.count / 2
      for error in error.errors {
        expect(!error.problem.isEmpty && !error.remedy.isEmpty, "an error says what to do")
        expect(error.line <= lines, "\(error.line) is a line of the file")
        expect(
          !error.description.unicodeScalars.contains { $0.value < 32 || $0.value == 127 },
          "an error is one line that steers no terminal")
      }
    }
  }

  private static func check(_ router: VirtualRouterConfiguration) {
    let settings = router.router
    let family = settings.family
    expect(
      (1...255).contains(settings.addresses.count)
        && settings.addresses.allSatisfy { $0.family == family },
      "the addresses fit in one message")
    let source = Reception.neighbor(1, family)
    let message = AdvertisementTemplate(settings, source: source).message
    let envelope = Envelope(
      source: source, destination: family.advertisementGroup, hopLimit: 255)
    let decoded = try? Advertisement(decoding: message.span, in: envelope)
    expect(decoded != nil, "another router accepts the advertisements of \(router.name)")
    expect(
      decoded?.interval == settings.advertisementInterval
        && decoded?.priority == settings.priority,
      "the settings are what it hears")
  }
}
