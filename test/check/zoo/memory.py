# Fails memory. It reads on although replies are pending.

from good import Server, main


class Faulty(Server):
    def answer(self, client):
        letters, client.letters = client.letters, ''
        for letter in letters:
            self.on_letter(client, letter)
        self.send(client)
        if client.ended and not client.pending:
            return self.leave(client)
        events = (0 if client.ended else 1) | (2 if client.pending else 0)
        self.selector.modify(client.connection, events, client)


main(Faulty())
