import NIOSSL

/// The PEM files that TLS needs.
struct TLSFiles {
    private let certificatePath: String
    private let keyPath: String

    init(_ paths: (certificatePath: String, keyPath: String)) {
        (certificatePath, keyPath) = paths
    }

    /// TLS 1.2 and later, with this certificate.
    ///
    /// - Throws: `TLSFilesError` that names the file.
    var configuration: TLSConfiguration {
        get throws {
            let chain: [NIOSSLCertificate]
            do { chain = try NIOSSLCertificate.fromPEMFile(certificatePath) } catch {
                throw TLSFilesError(path: certificatePath, expected: "a certificate chain in PEM")
            }
            let key: NIOSSLPrivateKey
            do { key = try NIOSSLPrivateKey(file: keyPath, format: .pem) } catch {
                throw TLSFilesError(path: keyPath, expected: "a private key in PEM")
            }
            guard !chain.isEmpty else {
                throw TLSFilesError(path: certificatePath, expected: "at least one certificate")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        }
    }
}

/// A file that TLS cannot use.
public struct TLSFilesError: Error, CustomStringConvertible {
    let path: String
    let expected: String

    /// One line: what was wrong, where, and what was expected.
    public var description: String { "\(path): expected \(expected)" }
}
