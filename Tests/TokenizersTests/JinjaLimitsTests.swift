import Foundation
import Synchronization
import Testing

@testable import Tokenizers

@Suite("Jinja, limits")
struct JinjaLimitsTests {
    private static func nested(_ open: String, _ close: String) -> String {
        String(repeating: open, count: 3000) + "1" + String(repeating: close, count: 3000)
    }

    /// The limit that a template runs into; nil when it is rendered.
    private static func limit(
        _ source: String,
        _ limits: JinjaLimits = JinjaLimits()
    ) throws(JinjaError) -> String? {
        do throws(JinjaError) {
            _ = try JinjaTemplate(source).render([:], limits: limits)
            return nil
        } catch {
            guard case .limitExceeded(_, let limit) = error else { throw error }
            return limit
        }
    }

    /// Runs on a thread with the smallest stack that the limits are made for.
    private static func onSmallStack(_ body: @escaping @Sendable () -> String) -> String {
        let result = Mutex("")
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            let text = body()
            result.withLock { $0 = text }
            isDone.signal()
        }
        // Without optimisation a level takes several times as much.
        thread.stackSize = isDebug ? 4 << 20 : 512 << 10
        thread.start()
        isDone.wait()
        return result.withLock(\.self)
    }

    private static var isDebug: Bool {
        var isDebug = false
        assert(
            {
                isDebug = true
                return true
            }()
        )
        return isDebug
    }

    @Test(
        "ends a template that would run too long",
        .timeLimit(.minutes(1)),
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
            "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}"
                + "{% endfor %}",
            "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x * 9 %}"
                + "{% endfor %}",
            "{{ 'x' * 9999999999 }}", "{{ 9999999999 * [1] }}", "{{ 'x' * 9223372036854775807 }}",
            "{{ 'x'.center(9999999999) }}", "{{ '%9999999999d' % 1 }}", "{{ '%999999999s' % 1 }}",
            "{{ 'x'|indent(9999999999, true) }}", "{{ [1]|tojson(indent=9999999999) }}",
            "{{ [1]|batch(9999999999, 1)|list }}",
            "{{ range(99999)|join('x' * 9999) }}",
            "{{ ('x' * 99999)|replace('x', 'y' * 9999) }}",
            "{{ ('x' * 99999)|replace('', 'y' * 9999) }}",
            "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ a is upper }}{% endfor %}",
            "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ a.find('ab') }}{% endfor %}",
            "{% set a = range(99999)|list %}{% for i in a %}{% if a == a %}{% endif %}{% endfor %}",
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
                + "{{ m(40) }}",
        ]
    )
    func boundsSteps(source: String) throws {
        #expect(try Self.limit(source) == "8000000 evaluation steps")
    }

    @Test("counts steps, and refuses the one too many")
    func countsSteps() throws {
        var limits = JinjaLimits()
        let source = "{% for i in range(10) %}{{ i }}{% endfor %}"
        let enough = try #require(
            (1...1000).first { count in
                limits.stepCount = count
                return (try? Self.limit(source, limits)) == .some(nil)
            }
        )
        limits.stepCount = enough - 1
        #expect(try Self.limit(source, limits) == "\(enough - 1) evaluation steps")
        #expect((10..<200).contains(enough))
    }

    @Test("bounds the output to the byte")
    func boundsOutput() throws {
        var limits = JinjaLimits()
        limits.outputSize = 10
        #expect(try Self.limit("{{ 'é' * 5 }}", limits) == nil)
        #expect(try Self.limit("{{ 'é' * 5 }}x", limits) == "10 bytes of output")
        let captured = "{% set x %}{{ 'x' * 11 }}{% endset %}"
        #expect(try Self.limit(captured, limits) == "10 bytes of output")
    }

    @Test("bounds a range as Jinja's sandbox does")
    func boundsRange() throws {
        let limit = "100000 elements in a range"
        #expect(try Self.limit("{{ range(100000)|length }}") == nil)
        #expect(try Self.limit("{{ range(100001)|length }}") == limit)
        #expect(try Self.limit("{{ range(-9223372036854775807, 9223372036854775807) }}") == limit)
        #expect(try Self.limit("{{ range(9223372036854775807, 0, -1) }}") == limit)
    }

    @Test("bounds the size of a template")
    func boundsSource() throws {
        let source = String(repeating: "x", count: JinjaTemplate.maximumSourceSize)
        #expect(try Self.limit(source) == nil)
        #expect(try Self.limit(source + "x") == "1048576 bytes of template")
    }

    @Test(
        "bounds nesting so that a small stack suffices",
        arguments: [
            "{{ \(nested("(", ")")) }}", "{{ \(nested("[", "]")) }}",
            "{{ \(nested("{1: ", "}")) }}",
            "{{ \(nested("not ", "")) }}", "{{ \(nested("-", "")) }}", "{{ \(nested("f(", ")")) }}",
            "{{ \(nested("1|join(", ")")) }}", "{{ \(nested("a[", "]")) }}",
            "{{ \(nested("1 if 1 else ", "")) }}", "{{ 1\(nested(" + 1", "")) }}",
            "{{ a\(nested(".a", "")) }}", "{{ a\(nested("|trim", "")) }}",
            "{{ 1\(nested(" is in(1", ")")) }}", nested("{% if 1 %}", "{% endif %}"),
            nested("{% for a in b %}", "{% endfor %}"), nested("{% set a %}", "{% endset %}"),
            nested("{% macro m() %}", "{% endmacro %}"),
            nested("{% filter trim %}", "{% endfilter %}"),
            nested("{% call f() %}", "{% endcall %}"), nested("{% with %}", "{% endwith %}"),
            nested("{% if 0 %}{% else %}", "{% endif %}"),
            "{% for \(nested("(", ",)")) in b %}{% endfor %}",
        ]
    )
    func boundsSyntax(source: String) {
        let found = Self.onSmallStack { "\(Result { try Self.limit(source) })" }
        #expect(found.contains("nest") || found.contains("expected"), "\(found)")
    }

    @Test(
        "bounds recursion so that a small stack suffices",
        arguments: [
            "{{ m() }}", "{% for x in [1] %}{% for y in [m()] %}{% endfor %}{% endfor %}",
            "{% for x in [1] if m() %}{% endfor %}",
            "{{ [{'a': (1 + (2 * (m()|trim)))}]|map('upper')|list|join }}",
            "{{ 'x'|replace('x', 'y'|join(m())) }}",
            "{% filter upper %}{% filter replace('a', m()) %}{% endfilter %}{% endfilter %}",
            "{% set x | trim %}{% set y %}{{ m() }}{% endset %}{% endset %}",
            "{% with a = m() %}{% endwith %}", "{{ 'abc'[m()|length:][0] }}",
            "{{ 1 < 2 == (m() is eq 1) }}", "{% call m() %}{{ m() }}{% endcall %}",
            "{% for x in [1] recursive %}{{ loop([1]) }}{{ m() }}{% endfor %}",
        ]
    )
    func boundsRecursion(body: String) {
        let source =
            "{% macro m() %}{% if 1 %}\(body){% endif %}{{ caller }}{% endmacro %}{{ m() }}"
        let found = Self.onSmallStack { "\(Result { try Self.limit(source) })" }
        #expect(found.contains("200 nested evaluations"), "\(found)")
    }

    @Test("bounds the nesting of values, as comparing and printing them recurses")
    func boundsValues() throws {
        func source(_ count: Int, _ use: String) -> String {
            "{% set n = namespace(a=[]) %}{% for i in range(\(count)) %}{% set n.a = [n.a] %}"
                + "{% endfor %}\(use)"
        }
        let uses =
            "{{ n.a }}{{ n.a == n.a }}{{ n.a < n.a }}{{ n.a|tojson(indent=1) }}{{ n.a in [n.a] }}"
        let fits = source(95, uses)
        #expect(Self.onSmallStack { "\(Result { try Self.limit(fits) })" } == "success(nil)")
        #expect(try Self.limit(source(101, "")) == "100 nested lists or mappings")
        let deep = (0..<200).reduce(JinjaValue.none) { value, _ in .list([value]) }
        #expect(
            throws: JinjaError.limitExceeded(line: 1, limit: "100 nested lists or mappings")
        ) { try JinjaTemplate("x").render(["deep": deep]) }
    }
}
