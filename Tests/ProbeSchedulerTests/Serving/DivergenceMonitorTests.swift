import ProbeScheduler
import Testing

@Suite("DivergenceMonitor")
struct DivergenceMonitorTests {
    @Test("is breached once the mean of enough audits passes the limit, and stays so")
    func breach() {
        var monitor = DivergenceMonitor(limit: 0.5)
        for _ in 0..<(DivergenceMonitor.leastCount - 1) {
            monitor.observe(AnswerDivergence(kullbackLeibler: 1))
        }
        #expect(!monitor.isBreached)
        monitor.observe(AnswerDivergence(kullbackLeibler: 1))
        #expect(monitor.isBreached)
        for _ in 0..<100 { monitor.observe(AnswerDivergence()) }
        #expect(monitor.isBreached)
        #expect(monitor.mean == AnswerDivergence())
        #expect(monitor.auditCount == 100 + DivergenceMonitor.leastCount)
    }

    @Test("one odd answer among good ones is no breach; a divergence that is no number is")
    func outlier() {
        var monitor = DivergenceMonitor(limit: 0.5)
        for index in 0..<16 {
            monitor.observe(AnswerDivergence(kullbackLeibler: index == 3 ? 1 : 0.1))
        }
        #expect(!monitor.isBreached)
        monitor.observe(AnswerDivergence(kullbackLeibler: .nan))
        #expect(monitor.isBreached)
    }

    @Test("without a limit nothing is a breach")
    func noLimit() {
        var monitor = DivergenceMonitor(limit: nil)
        for _ in 0..<10 { monitor.observe(AnswerDivergence(kullbackLeibler: 100)) }
        #expect(!monitor.isBreached)
        #expect(monitor.mean.kullbackLeibler == 100)
    }
}
