# Fails order. With four clients or more it loses a letter now and then.

from good import Server, main


class Faulty(Server):
    count = 0

    def reply(self, client, letter):
        super().reply(client, letter)
        self.count += 1
        if len(self.clients) >= 4 and self.count % 7 == 0 and self.count > 30:
            del self.text[-1:]


main(Faulty())
