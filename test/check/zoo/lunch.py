# Fails lunch. It receives from its clients in turn, and each receive blocks.

from good import Server, main


class Faulty(Server):
    def serve(self, client, events):
        for each in list(self.clients):
            each.connection.setblocking(True)
            super().serve(each, 2 if each.letters or each.pending else 1)


main(Faulty())
