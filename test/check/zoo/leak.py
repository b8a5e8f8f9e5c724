# Fails leak. It does not close the sockets of clients that have left.

from good import Server, main


class Faulty(Server):
    closed = []

    def close(self, client):
        try:
            client.connection.shutdown(1)
        except OSError:
            pass
        self.closed.append(client.connection)


main(Faulty())
