# Fails whole. It puts each letter before the others.

from good import Server, main


class Faulty(Server):
    def store(self, client, letter):
        self.text[:0] = letter.encode()

    def reply(self, client, letter):
        client.pending += self.text[1:] + self.text[:1]


main(Faulty())
