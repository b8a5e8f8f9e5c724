# Fails long. It takes for granted that send() sends everything.

from good import Server, main


class Faulty(Server):
    def answer(self, client):
        while client.letters:
            letter, client.letters = client.letters[0], client.letters[1:]
            self.on_letter(client, letter)
            self.send(client)
            client.pending.clear()
        super().answer(client)

main(Faulty())
