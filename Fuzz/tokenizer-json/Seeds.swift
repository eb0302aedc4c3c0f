import Foundation

/// Writes the seeds of the corpus to the folder in the first argument.
@main
struct Seeds {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1])
        for (name, parts) in parts {
            let text = "{\(([added, model] + parts).joined(separator: ","))}"
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        let configured = "{\(added),\(model),\(byteLevel)}\u{0}\(config)"
        try Data(configured.utf8).write(to: folder.appending(path: "config"))
    }

    private static let parts: [(String, [String])] = [
        ("byte-level", [byteLevel]),
        ("sentence-piece", [sentencePiece]),
        ("metaspace", [metaspace]),
        ("cuts", [cuts]),
    ]

    private static let model = #"""
        "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,\#
        "ignore_merges":false,"vocab":{"<unk>":0,"<s>":1,"</s>":2,"<0x41>":3,"a":4,"b":5,"aa":6,\#
        "aab":7,"\u0120":8,"\u2581":9,"\u2581a":10,"l":11,"ll":12},\#
        "merges":["a a",["aa","b"],"\u2581 a","l l"]}
        """#

    private static let added = #"""
        "added_tokens":[{"id":1,"content":"<s>","special":true},\#
        {"id":13,"content":"<|end|>","special":false,"lstrip":true,"rstrip":true,\#
        "single_word":true,"normalized":true}]
        """#

    private static let template = #"""
        "post_processor":{"type":"TemplateProcessing","single":\#
        [{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],\#
        "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}
        """#

    private static let byteLevel = #"""
        "normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true,\#
        "use_regex":true},"decoder":{"type":"ByteLevel"}
        """#

    private static let sentencePiece = #"""
        "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},\#
        {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},"decoder":\#
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},\#
        "content":" "},{"type":"ByteFallback"},{"type":"Fuse"},\#
        {"type":"Strip","content":" ","start":1,"stop":0}]},
        """# + template

    private static let metaspace = #"""
        "normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"},\#
        {"type":"StripAccents"},{"type":"Strip","strip_left":true,"strip_right":true}]},\#
        "pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first",\#
        "split":true},"decoder":{"type":"Metaspace","replacement":"\u2581"}
        """#

    private static let cuts = #"""
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},\#
        {"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"Contiguous"},\#
        {"type":"Split","pattern":{"String":"ll"},"behavior":"MergedWithNext","invert":false}]},\#
        "decoder":{"type":"Fuse"},"post_processor":{"type":"RobertaProcessing",\#
        "cls":["<s>",1],"sep":["</s>",2]}
        """#

    private static let config = #"""
        {"add_bos_token":true,"add_eos_token":false,"bos_token":{"content":"<s>"},\#
        "eos_token":"</s>","pad_token":null,\#
        "chat_template":[{"name":"default","template":"x"}]}
        """#
}
