# Fails two. It accepts the next client when the last has left.

from good import Server, main


class Faulty(Server):
    def accept(self):
        super().accept()
        self.selector.unregister(self.listener)

    def leave(self, client):
        super().leave(client)
        self.selector.register(self.listener, 1)


main(Faulty())
