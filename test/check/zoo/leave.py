# Fails leave. It ends when a client leaves.

from good import Server, main


class Faulty(Server):
    def leave(self, client):
        raise SystemExit(0)


main(Faulty())
