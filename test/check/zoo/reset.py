# Fails reset. It does not expect errors of a connection.

from good import Server, main


class Faulty(Server):
    def on_error(self, client):
        raise


main(Faulty())
