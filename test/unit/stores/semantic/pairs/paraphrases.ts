/** Questions in other words, `a | b`: fifty a language. Most are refused; how many, is reported. */

export const PARAPHRASES: Readonly<Record<string, string>> = {
  en: `
    How can I learn English fast? | How do I learn English quickly?
    How do I reset my password? | How to reset my password
    How do I reset my password? | I forgot my password, what now?
    What is the capital of France? | Which city is the capital of France?
    What is the capital of France? | Tell me the capital of France
    Who wrote Hamlet? | Who is the author of Hamlet?
    How tall is Mount Everest? | What is the height of Mount Everest?
    Why is the sky blue? | What makes the sky blue?
    How do I delete my account? | How do I erase my account?
    How do I delete my account? | What are the steps to delete my account?
    How far is the moon? | What is the distance to the moon?
    How do I fix a bicycle? | How do I repair a bike?
    Where can I buy a television? | Where do I purchase a TV?
    When did World War II end? | When did the Second World War end?
    How long is 5 km in miles? | How long is 5 kilometers in miles?
    What is 2 plus 2? | What is two plus two?
    How do I cook rice? | What is the way to cook rice?
    How do I cook rice? | What is the best way to cook rice?
    Explain recursion | What is recursion?
    Explain how recursion works | How does recursion work?
    How do I quickly learn guitar? | How do I learn guitar quickly?
    In Python, how do I sort a list? | How do I sort a list in Python?
    How do I sort a Python list? | How do I sort a list in Python?
    What's the population of Spain? | How many people live in Spain?
    When was Einstein born? | What is the birthday of Einstein?
    How old is the universe? | What is the age of the universe?
    Is coffee healthy? | Is coffee good for you?
    What does HTTP mean? | What does HTTP stand for?
    What are the symptoms of flu? | What are flu symptoms?
    How do vaccines work? | How does a vaccine work?
    How many kids does she have? | How many children does she have?
    What is the fastest animal? | Which animal is the fastest?
    How do I log in to my email? | How do I sign in to my e-mail?
    How much does it cost to park? | What does parking cost?
    Can I get a refund? | Is it possible to get a refund?
    Where is my order? | What is the status of my order?
    Why do cats purr? | What is the reason why cats purr?
    What is AI? | What is artificial intelligence?
    Who is the president of the USA? | Who is the president of the United States?
    How do I change my favourite colour? | How do I change my favorite color?
    Do dogs bite? | Does a dog bite?
    What's a prime number? | What is a prime number?
    How to tie a tie? | How can I tie a tie?
    What is the weather like today? | How is the weather today?
    How do I make pancakes? | Give me a recipe for pancakes
    How to go about fixing a tap | How to fix a tap
    How do I go about fixing a tap? | How do I fix a tap?
    Which doctor treats skin? | Which physician treats skin?
    What time does the bank open? | When does the bank open?
    What is the answer to 10,000 + 1? | What is the answer to 10000 + 1?
  `,
  es: `
    ¿Cómo puedo aprender inglés rápido? | ¿Cómo aprendo inglés rápidamente?
    ¿Cómo cambio mi contraseña? | ¿Cómo puedo cambiar mi contraseña?
    ¿Cómo cambio mi contraseña? | Olvidé mi contraseña, ¿qué hago?
    ¿Cuál es la capital de Francia? | ¿Qué ciudad es la capital de Francia?
    ¿Cuál es la capital de Francia? | Dime la capital de Francia
    ¿Quién escribió Hamlet? | ¿Quién es el autor de Hamlet?
    ¿Qué altura tiene el Everest? | ¿Cuánto mide el Everest?
    ¿Por qué el cielo es azul? | ¿Por qué es azul el cielo?
    ¿Cómo borro mi cuenta? | ¿Cómo elimino mi cuenta?
    ¿Cómo borrar mi cuenta? | ¿Cómo eliminar mi cuenta?
    ¿Cómo se puede borrar una cuenta? | ¿Cómo borrar una cuenta?
    ¿Dónde puedo comprar una tele? | ¿Dónde comprar una televisión?
    ¿Cuánto son 5 km en millas? | ¿Cuánto son 5 kilómetros en millas?
    ¿Cuánto es 2 más 2? | ¿Cuánto es dos más dos?
    ¿Cuánto es 1,5 más 1? | ¿Cuánto es 1.5 más 1?
    ¿Cómo hago arroz? | ¿Cómo hacer arroz?
    ¿Cuál es la forma de cocinar arroz? | ¿Cómo cocino arroz?
    ¿Cuál es la mejor forma de cocinar arroz? | ¿Cómo cocino arroz?
    Explica la recursión | ¿Qué es la recursión?
    Explica cómo funciona la recursión | ¿Cómo funciona la recursión?
    En Python, ¿cómo ordeno una lista? | ¿Cómo ordeno una lista en Python?
    ¿Cuántos habitantes tiene España? | ¿Cuánta gente vive en España?
    ¿Qué edad tiene el universo? | ¿Cuántos años tiene el universo?
    ¿El café es sano? | ¿Es sano el café?
    ¿Qué significa HTTP? | ¿Qué quiere decir HTTP?
    como cambio mi clave | ¿Cómo cambio mi clave?
    que es la fotosintesis | ¿Qué es la fotosíntesis?
    ¿Cómo reparo mi coche? | ¿Cómo arreglo mi carro?
    ¿Cómo reparar mi coche? | ¿Cómo puedo arreglar mi carro?
    ¿Qué ordenador compro? | ¿Qué computadora compro?
    ¿Dónde está mi pedido? | ¿Cuál es el estado de mi pedido?
    ¿Puedo pedir un reembolso? | ¿Es posible pedir un reembolso?
    ¿Qué es la IA? | ¿Qué es la inteligencia artificial?
    ¿Quién es el presidente de EEUU? | ¿Quién es el presidente de Estados Unidos?
    ¿Qué pasó el 5 de marzo de 2024? | ¿Qué pasó el 5 marzo 2024?
    ¿Cómo me registro en la web? | ¿Cómo puedo registrarme en la web?
    ¿Cómo instalo esto? | ¿Cómo se instala esto?
    ¿A qué hora abre el banco? | ¿Cuándo abre el banco?
    ¿Cuál es el animal más rápido? | ¿Qué animal es el más rápido?
    ¿Por qué ronronean los gatos? | ¿Por qué los gatos ronronean?
    ¿Cuál es la razón por la que ronronean los gatos? | ¿Por qué ronronean los gatos?
    ¿Qué tiempo hace hoy? | ¿Cómo está el tiempo hoy?
    Dame una receta de tortilla | ¿Cómo hago una tortilla?
    ¿Qué médico trata la piel? | ¿Qué doctor trata la piel?
    ¿Cuánto cuesta aparcar? | ¿Cuál es el precio de aparcar?
    ¿Cómo cierro mi correo electrónico? | ¿Cómo cierro mi email?
    ¿Cuáles son los pasos para votar? | ¿Cómo puedo votar?
    ¿Qué síntomas tiene la gripe? | ¿Cuáles son los síntomas de la gripe?
    ¿Cuándo acabó la Segunda Guerra Mundial? | ¿Cuándo terminó la Segunda Guerra Mundial?
    ¿Es posible ver Marte? | ¿Se puede ver Marte?
  `,
}
