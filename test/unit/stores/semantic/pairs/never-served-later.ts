/** Pairs that were written after the guard, and tried on it before it was changed: one of them was served. */

export const NEVER_SERVED_LATER: Readonly<Record<string, string>> = {
  later: `
    How do I start a fire? | How do I stop a fire?
    How do I drop a table in SQL? | How do I create a table in SQL?
    Is it raining in Paris? | Is it raining in Rome?
    What is the boiling point of water? | What is the freezing point of water?
    Who is taller, Ann or Bob? | Who is taller, Bob or Ann?
    Does A imply B? | Does B imply A?
    What is the ratio of cats to dogs? | What is the ratio of dogs to cats?
    Can I travel from Spain to France without a visa? | Can I travel from France to Spain without a visa?
    How do I stop working? | How do I stop to work?
    How do I remember to lock the door? | How do I remember locking the door?
    Who is the father of John? | Who is John the father of?
    Who is the wife of the king? | Who is the king of the wife?
    What does the boss of my brother earn? | What does the brother of my boss earn?
    Is a square a rectangle? | Is a rectangle a square?
    Are all squares rectangles? | Are all rectangles squares?
    What is the square of 4? | What is the square root of 4?
    What is 10 minus 4? | What is 4 minus 10?
    When did the war start? | When did the war end?
    When did they start the war? | When did the war start?
    How do I make my dog stop barking? | How do I make my dog start barking?
    How do you say hello in French? | How do you say hello in German?
    How do you say hello in Spanish? | How do you say goodbye in Spanish?
    Who wrote the book about Tolstoy? | Who wrote the book by Tolstoy?
    What is on the table? | What is under the table?
    Why is the printer off? | Why is the printer on?
    I want to know the time | I want to know time
    How much is 1,000 dollars? | How much is 1.000 dollars?
    What is the largest planet? | What is the second largest planet?
    How do I set up two-factor auth? | How do I set up three-factor auth?
    Can cats see in the dark? | Can't cats see in the dark?
    Can men get pregnant? | Can women get pregnant?
    What is the male of a duck called? | What is the female of a duck called?
    How do I become a US citizen? | How do I become a UK citizen?
    How old was Mozart when he died? | How old was Mozart when he married?
    How do I log in? | How do I log out?
    How do I sign up? | How do I sign out?
    How do I back up my phone? | How do I restore my phone?
    How do I check in? | How do I check out?
    How do I zoom in? | How do I zoom out?
    What is the sister of my mother called? | What is the mother of my sister called?
    Is the bank open in the morning? | Is the bank open in the evening?
    Do I need a visa? | Do I need two visas?
    Can I take the exam twice? | Can I take the exam once?
    What did he say to her? | What did she say to him?
    Should I wait for him? | Should I wait for her?
    Is it worth it to buy? | Is it worth it to rent?
    What do cats like about dogs? | What do dogs like about cats?
    Who was beaten by Spain? | Who beat Spain?
    Who did Spain beat? | Who beat Spain?
    Which dog did the cat chase? | Which dog chased the cat?
    Which man loved the woman? | Which man did the woman love?
    Which company bought Instagram? | Which company did Instagram buy?
    What did the teacher ask the student? | What did the student ask the teacher?
    How many students did the teacher fail? | How many students failed the teacher?
    Who called the doctor? | Who did the doctor call?
    What killed the cat? | What did the cat kill?
    What caused the fire? | What did the fire cause?
    What country invaded Poland? | What country did Poland invade?
    Can you explain what caused inflation? | What did inflation cause?
    Tell me who invited Anna | Who did Anna invite?
    Do lions hunt? | Did lions hunt?
    Have you eaten? | Had you eaten?
    How would I fix it? | How should I fix it?
    How can I be happy? | How could I be happy?
    How to be alone? | How to not be alone?
    How to cook pasta al dente | How to cook pasta
    How to cook for 2 people | How to cook for 20 people
    what is a us dollar | what is a US dollar
    Is Java better than Python? | Is Python better than Java?
    Convert 5 miles to km | Convert 5 km to miles
    convert 100 f to c | convert 100 c to f
    What is the GDP per capita of Chile? | What is the GDP of Chile?
    Where is the bank? | Where is the West Bank?
    What are the side effects of aspirin in children? | What are the side effects of aspirin in adults?
    Best movies of 2020? | Best movies of 2021?
    What are the best movies of the 80s? | What are the best movies of the 90s?
    What's 20% of 50? | What's 50% of 20?
    What is the 3rd law of Newton? | What is the 2nd law of Newton?
    Who is the current champion? | Who is the former champion?
    Is he as tall as she is? | Is she as tall as he is?
    Why do we yawn? | Why do they yawn?
    Can I eat before the test? | Can I eat during the test?
    What if I eat more? | What if I eat less?
    How long after eating can I swim? | How long before eating can I swim?
    Do vaccines cause autism? | Does autism cause vaccines?
    Which is heavier, gold or silver? | Which is lighter, gold or silver?
    When does winter begin in Chile? | When does summer begin in Chile?
    Explain the pros and cons of X | Explain the pros of X
    What is unlike a dog? | What is like a dog?
    Is the statement true? | Is the statement untrue?
    Is this possible? | Is that possible?
    Who lives here? | Who lives there?
    How do I turn the volume up? | How do I turn the volume down?
    How do I unfreeze my card? | How do I freeze my card?
    Who owns Twitter? | Who owned Twitter?
    Which planet is closest to the sun? | Which planet is closest to the moon?
    ¿Cómo subo el volumen? | ¿Cómo bajo el volumen?
    ¿Cómo me doy de alta? | ¿Cómo me doy de baja?
    ¿Cómo darse de alta? | ¿Cómo darse de baja?
    ¿Cómo inicio sesión? | ¿Cómo cierro sesión?
    ¿Qué come un león? | ¿Quién come un león?
    ¿Qué come un león? | ¿Qué se come a un león?
    ¿Quién quiere a María? | ¿A quién quiere María?
    ¿Cuándo empezó la guerra? | ¿Cuándo terminó la guerra?
    ¿Cuándo empieza la guerra? | ¿Cuándo empezó la guerra?
    ¿Qué hace el rey? | ¿Qué hizo el rey?
    ¿Qué hizo el rey? | ¿Qué hará el rey?
    ¿Cómo hablo con mi jefe? | ¿Cómo habló con mi jefe?
    como hablo con mi jefe | ¿Cómo habló con mi jefe?
    ¿Por qué trabajo tanto? | ¿Por qué trabajó tanto?
    ¿Puedo viajar de España a Francia sin visa? | ¿Puedo viajar de Francia a España sin visa?
    ¿Es bueno el café? | ¿Está bueno el café?
    ¿Estoy enfermo? | ¿Está enfermo?
    ¿Qué le dijo él a ella? | ¿Qué le dijo ella a él?
    ¿Puedes venir? | ¿Puede venir?
    ¿Dónde está tu casa? | ¿Dónde está su casa?
    ¿Cuántos kilos son 10 libras? | ¿Cuántas libras son 10 kilos?
    ¿Quién ganó el mundial de 2010? | ¿Quién ganó el mundial de 2014?
    ¿Quién ganó el mundial? | ¿Quién perdió el mundial?
    ¿Quién fue el primer presidente de México? | ¿Quién fue el segundo presidente de México?
    ¿Qué significa "sí"? | ¿Qué significa "si"?
    ¿Más azúcar es malo? | ¿Menos azúcar es malo?
    ¿Cuál es el río más largo? | ¿Cuál es el río más corto?
    ¿Qué hay dentro de la caja? | ¿Qué hay fuera de la caja?
    ¿Qué pasa si no duermo? | ¿Qué pasa si duermo?
    ¿Puedo no pagar? | ¿No puedo pagar?
    ¿Por qué los hombres no lloran? | ¿Por qué las mujeres no lloran?
    ¿Cómo se dice perro en francés? | ¿Cómo se dice perro en alemán?
    ¿Cómo cuido a mi perro? | ¿Cómo cuido a mi perra?
    ¿Cómo llamar a mi jefe? | ¿Cómo llamarme jefe?
    ¿Cómo lavarse? | ¿Cómo lavarlo?
    ¿Cómo sentirme bien? | ¿Cómo sentir bien?
    ¿Qué es un banco? | ¿Qué es una banca?
    ¿Quién es el papa? | ¿Quién es el papá?
    ¿Qué es la papa? | ¿Quién es el papa?
    ¿Qué es una cura? | ¿Qué es un cura?
    ¿Qué tomo antes de comer? | ¿Qué tomo después de comer?
    ¿Me ama? | ¿Te ama?
    ¿Hay que pagar hoy? | ¿Hay que pagar mañana?
    ¿Debo ir con mi hijo? | ¿Debo ir sin mi hijo?
    ¿Cuándo se puede pescar? | ¿Dónde se puede pescar?
    ¿Cuánto es 3,14 por 2? | ¿Cuánto es 314 por 2?
    ¿Cuánto es 10.000 menos 1? | ¿Cuánto es 10,000 menos 1?
    ¿Qué temperatura es 30 grados Celsius? | ¿Qué temperatura es 30 grados Fahrenheit?
    ¿A qué hora abre? | ¿A qué hora cierra?
    ¿Cuántas veces al día como? | ¿Cuántas veces a la semana como?
    Como crear um site? | ¿Cómo crear un site?
    Como crear una cuenta | Como crear uma conta
    Como funciona o motor | Hola, como funciona o motor
    Por que o ceo é azul | Hola, por que o ceo é azul
    ¿Cómo se llama esto en portugués? | ¿Cómo se llama esto en italiano?
    Come funziona il motore | Ciao, come funziona il motore
    Comment fonctionne la photosynthese | Explique comment fonctionne la photosynthese
    Comment ca va | Salut, comment ca va
    Como posso entrar | Por favor, como posso entrar
    Como entrar na conta | Por favor, como entrar na conta
    Como instalar o programa | Por favor como instalar o programa
    Como instalar programas | Por favor, como instalar programas
    Como dormir bem | Por favor, como dormir bem
    Como dormir melhor | Hola, como dormir melhor
    Como perder peso | Por favor, como perder peso
    Onde comprar pan | Hola, onde comprar pan
    Com es diu gos | Hola, com es diu gos
    Per que el cel es blau | Hola, per que el cel es blau
    On es el bany | Hola, on es el bany
    Hoe kan ik slapen | hello hoe kan ik slapen
    Was ist das | hi was ist das
    wer war Hitler | hello, wer war Hitler
    Warum bin ich so alt | Hi, warum bin ich so alt
    Was will die Frau | Hello, was will die Frau
  `,
}
