// A string server: the README beside this file says what it must do.
//
//   java Server.java 2000

public class Server {
    static int serve(int port) {
        // 1. A ServerSocket on 127.0.0.1 and this port, with setReuseAddress(true) before bind()
        // 2. accept() a client, and serve it in a thread of its own; or a Selector for all.
        // 3. read() what it has sent: it may be several letters, or half of one.
        // 4. Append each letter to the string, and write() the string: one lock for both.
        // 5. read() returns -1: this client has left. close() its socket.
        System.err.println("Server.java is not written yet: it should listen on port " + port);
        return 1;
    }

    public static void main(String[] words) {
        if (words.length != 1 || !words[0].matches("\\d{1,5}")) {
            System.err.println("usage: java Server.java PORT");
            System.exit(2);
        }
        System.exit(serve(Integer.parseInt(words[0])));
    }
}
