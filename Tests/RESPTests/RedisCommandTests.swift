import RESP
import Testing

@Suite("Commands")
struct RedisCommandTests {
    @Test("A command is an array of blob strings")
    func encoding() {
        var command = RedisCommand("SET")
        command.append(key: "näme")
        command.append([0, 13, 10])
        command.append(-1234)
        let text =
            Array("*4\r\n$3\r\nSET\r\n$5\r\nnäme\r\n$3\r\n".utf8) + [0, 13, 10] + Array("\r\n$5\r\n-1234\r\n".utf8)
        #expect(command.header + command.body == text)
        #expect(command.key == Array("näme".utf8))
    }

    @Test("The first key counts, and the empty argument is one")
    func keys() {
        var command = RedisCommand("DEL")
        #expect(command.key == nil)
        command.append("")
        command.append(key: "a")
        command.append(key: "b")
        #expect(command.key == Array("a".utf8))
        #expect(command.argumentCount == 4)
    }
}
