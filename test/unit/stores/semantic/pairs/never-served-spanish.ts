/** Pairs of Spanish questions whose answers differ, pairs of two languages, and pairs of a third: `a | b`. */

export const NEVER_SERVED_SPANISH: Readonly<Record<string, string>> = {
  opposite: `
    ¿Cómo activo el modo oscuro? | ¿Cómo desactivo el modo oscuro?
    ¿Cómo enciendo la tele? | ¿Cómo apago la tele?
    ¿Cómo puedo subir de peso? | ¿Cómo puedo bajar de peso?
    ¿Cómo bloqueo a un usuario? | ¿Cómo desbloqueo a un usuario?
    ¿Cuáles son las ventajas del teletrabajo? | ¿Cuáles son las desventajas del teletrabajo?
    ¿Es legal pescar aquí? | ¿Es ilegal pescar aquí?
    ¿Dónde puedo comprar oro? | ¿Dónde puedo vender oro?
    ¿Cómo instalo el programa? | ¿Cómo desinstalo el programa?
    ¿Por qué está caliente el motor? | ¿Por qué está frío el motor?
    ¿Cómo abro una cuenta? | ¿Cómo cierro una cuenta?
    ¿Cómo aumento mi presión? | ¿Cómo disminuyo mi presión?
    ¿Es posible ganar? | ¿Es imposible ganar?
    ¿Cómo me conecto a la red? | ¿Cómo me desconecto de la red?
    ¿Qué pasa si acepto el contrato? | ¿Qué pasa si rechazo el contrato?
    ¿Cuándo nació Cervantes? | ¿Cuándo murió Cervantes?
  `,
  negation: `
    ¿Por qué funciona el servicio? | ¿Por qué no funciona el servicio?
    ¿Puedo conducir con licencia? | ¿Puedo conducir sin licencia?
    ¿Qué alimentos tienen gluten? | ¿Qué alimentos no tienen gluten?
    ¿Qué debo comer antes de correr? | ¿Qué no debo comer antes de correr?
    ¿Quién puede votar? | ¿Quién no puede votar?
    ¿Siempre llueve en Lima? | ¿Nunca llueve en Lima?
    No, quiero saber cuándo llega el tren | No quiero saber cuándo llega el tren
    ¿Alguien vive en la Antártida? | ¿Nadie vive en la Antártida?
    ¿Qué países tienen rey? | ¿Qué países no tienen rey?
    ¿Tengo que pagar impuestos? | ¿No tengo que pagar impuestos?
  `,
  number: `
    ¿Cuánto son 10 grados en Fahrenheit? | ¿Cuánto son 100 grados en Fahrenheit?
    ¿Cuánto es dos más dos? | ¿Cuánto es dos más tres?
    ¿Quién fue Enrique VIII? | ¿Quién fue Enrique VII?
    ¿Qué pasó en la primera guerra mundial? | ¿Qué pasó en la segunda guerra mundial?
    ¿Cuál es la raíz de 16? | ¿Cuál es la raíz de 25?
    ¿Cuánto es el 10 por ciento de 50? | ¿Cuánto es el 50 por ciento de 10?
    ¿Cuánto cuestan once huevos? | ¿Cuánto cuestan doce huevos?
    ¿Puedo jubilarme a los 62 años? | ¿Puedo jubilarme a los 67 años?
    ¿Cuánto es 1,5 más 1? | ¿Cuánto es 15 más 1?
    ¿Cuánto es treinta y cinco por dos? | ¿Cuánto es treinta y seis por dos?
    ¿Cuánto son mil pesos? | ¿Cuánto son dos mil pesos?
    ¿Cuánto es 1.500 entre 2? | ¿Cuánto es 1,5 entre 2?
  `,
  unit: `
    ¿Cuánto tardo en correr 5 km? | ¿Cuánto tardo en correr 5 millas?
    ¿Cuánto son 100 dólares en pesos? | ¿Cuánto son 100 euros en pesos?
    ¿Puedo cocer arroz en 10 minutos? | ¿Puedo cocer arroz en 10 horas?
    ¿Cuánto pesan 10 kilos? | ¿Cuánto pesan 10 libras?
    ¿Qué hago en 2 semanas? | ¿Qué hago en 2 meses?
    ¿Cuánto ocupan 10 megabytes? | ¿Cuánto ocupan 10 gigabytes?
  `,
  name: `
    ¿Cuál es la capital de Australia? | ¿Cuál es la capital de Austria?
    ¿Quién escribió el Quijote? | ¿Quién escribió Hamlet?
    ¿Cómo llego de Madrid a París? | ¿Cómo llego de París a Madrid?
    ¿Dónde vive Pilar? | ¿Dónde vive Paz?
    ¿Cuál es la moneda de Paraguay? | ¿Cuál es la moneda de Uruguay?
    ¿Cuántos reyes hay en Granada? | ¿Cuántos Reyes hay en Granada?
    ¿Qué es la OMS? | ¿Qué es la ONU?
    ¿Cuál es el idioma de Eslovenia? | ¿Cuál es el idioma de Eslovaquia?
    ¿Qué significa la paz? | ¿Qué significa La Paz?
  `,
  time: `
    ¿Qué hago antes del examen? | ¿Qué hago después del examen?
    ¿Quién es el presidente? | ¿Quién fue el presidente?
    ¿Quién es el presidente? | ¿Quién será el presidente?
    ¿Llovió en Madrid? | ¿Lloverá en Madrid?
    ¿Qué pasó ayer en Lima? | ¿Qué pasó hoy en Lima?
    ¿Abre el museo el lunes? | ¿Abre el museo el domingo?
    ¿Qué fiestas hay en marzo? | ¿Qué fiestas hay en mayo?
    ¿Por qué hablo en sueños? | ¿Por qué habló en sueños?
    ¿Qué se hace por la mañana? | ¿Qué se hace por la noche?
    ¿Desde cuándo vive aquí? | ¿Hasta cuándo vive aquí?
    ¿Qué pasó el 5 de marzo? | ¿Qué pasó el 6 de marzo?
    ¿Dónde está la estación? | ¿Dónde estaba la estación?
  `,
  quantifier: `
    ¿Todos los perros ladran? | ¿Algunos perros ladran?
    ¿Cuánta agua necesito? | ¿Cuánta más agua necesito?
    ¿Es siempre seguro? | ¿Es casi siempre seguro?
    ¿Cuál es la mitad de la suma? | ¿Cuál es el doble de la suma?
    ¿Firman ambos padres? | ¿Firma uno de los padres?
    ¿Solo paga el dueño? | ¿Paga el dueño?
    ¿Hay mucha agua en Marte? | ¿Hay poca agua en Marte?
  `,
  comparative: `
    ¿Pesa más el oro que el plomo? | ¿Pesa menos el oro que el plomo?
    ¿Pesa más el oro que el plomo? | ¿Pesa más el plomo que el oro?
    ¿Cuál es el mejor móvil? | ¿Cuál es el peor móvil?
    ¿Cuál es el país mayor de Europa? | ¿Cuál es el país menor de Europa?
    ¿Cuál es el salario mínimo? | ¿Cuál es el salario máximo?
    ¿Quién llegó primero? | ¿Quién llegó último?
    ¿Qué hay encima de la mesa? | ¿Qué hay debajo de la mesa?
    ¿Qué planes cuestan menos de 10 euros? | ¿Qué planes cuestan más de 10 euros?
  `,
  roles: `
    ¿Por qué el perro muerde al hombre? | ¿Por qué el hombre muerde al perro?
    ¿Quién mató a Kennedy? | ¿A quién mató Kennedy?
    ¿Cómo convierto euros a dólares? | ¿Cómo convierto dólares a euros?
    ¿Puede mi madre adoptar a mi hermana? | ¿Puede mi hermana adoptar a mi madre?
    ¿Por qué Alemania atacó a Polonia? | ¿Por qué Polonia atacó a Alemania?
    ¿Cómo cambio el clima? | ¿Cómo cambia el clima?
    ¿Quién la mató? | ¿Quién los mató?
    ¿Cómo se llama el presidente? | ¿Cómo llamo al presidente?
    ¿El vendedor paga al comprador? | ¿El comprador paga al vendedor?
  `,
  person: `
    ¿Cómo cambio mi contraseña? | ¿Cómo cambio tu contraseña?
    ¿Cómo cambio mi contraseña? | ¿Cómo cambio su contraseña?
    ¿Dónde vives? | ¿Dónde vive?
    ¿Qué comes en Navidad? | ¿Qué come en Navidad?
    ¿Por qué está cansado? | ¿Por qué está cansada?
    ¿Cómo estás hoy? | ¿Cómo está hoy?
    ¿Por qué es así? | ¿Por qué está así?
    ¿Es listo el perro? | ¿Está listo el perro?
    ¿Cuánto gana el niño? | ¿Cuánto gana la niña?
  `,
  modal: `
    ¿Puedo tomar ibuprofeno a diario? | ¿Debo tomar ibuprofeno a diario?
    ¿Qué puedo comer? | ¿Qué debería comer?
    ¿Tengo que firmar el contrato? | ¿Puedo firmar el contrato?
  `,
  question: `
    ¿Por qué se hundió el Titanic? | ¿Cuándo se hundió el Titanic?
    ¿Cómo cancelo mi pedido? | ¿Puedo cancelar mi pedido?
    ¿Quién inventó el teléfono? | ¿Cuándo inventó el teléfono?
    ¿Dónde es la reunión? | ¿Cuándo es la reunión?
    ¿Por qué estudias? | ¿Para qué estudias?
    ¿Qué es la capital? | ¿Cuál es la capital?
  `,
  word: `
    ¿Cuál es el capital de la empresa? | ¿Cuál es la capital de la empresa?
    ¿Qué es el cometa? | ¿Qué es la cometa?
    ¿Cuántos años tiene? | ¿Cuántos anos tiene?
    ¿Qué es la fisión nuclear? | ¿Qué es la fusión nuclear?
    ¿Qué es la hipertensión? | ¿Qué es la hipotensión?
    ¿Cómo cocino la papa? | ¿Cómo cocino al papá?
    ¿Cómo caso a mi hija? | ¿Cómo cazo a mi hija?
    ¿Qué tiempo hace en Londres? | ¿Qué hora es en Londres?
    Explícame la mitosis | Explícame la meiosis
    Explica la recursión brevemente | Explica la recursión en detalle
    ¿Qué es un público difícil? | ¿Qué es un publico difícil?
  `,
  mixed: `
    How do I reset my password? | ¿Cómo restablezco mi contraseña?
    What is the capital of France? | ¿Cuál es la capital de Francia?
    Can you explain cómo cambio la contraseña? | ¿Cómo cambio la contraseña?
    ¿Me puedes decir what is the capital of France? | What is the capital of France?
    No problem | Sin problema
    ¿Qué es el machine learning? | What is machine learning?
  `,
  third: `
    Como mudo a senha? | Por favor, como mudo a senha?
    Qual é a capital da França? | Pode me dizer qual é a capital da França?
    Como posso aprender inglês? | Você pode explicar como posso aprender inglês?
    Quanto custa um carro? | Por favor, quanto custa um carro?
    Quelle est la capitale de la France ? | Pouvez-vous me dire quelle est la capitale de la France ?
    Comment changer le mot de passe ? | Bonjour, comment changer le mot de passe ?
    Wie ist das Wetter in Berlin? | Bitte, wie ist das Wetter in Berlin?
    Was ist die Hauptstadt von Peru? | Hallo, was ist die Hauptstadt von Peru?
    Come cambio la password? | Ciao, come cambio la password?
    Qual è la capitale d'Italia? | Puoi dirmi qual è la capitale d'Italia?
    Com canvio la contrasenya? | Hola, com canvio la contrasenya?
    Quina és la capital de França? | Em pots dir quina és la capital de França?
    Hoe laat is het in Amsterdam? | Graag, hoe laat is het in Amsterdam?
    Hur byter jag lösenord? | Snälla, hur byter jag lösenord?
    日本の首都はどこですか | 教えてください、日本の首都はどこですか
    Какая столица Франции? | Скажите, какая столица Франции?
    ما هي عاصمة مصر | من فضلك ما هي عاصمة مصر
    Onde fica Lisboa? | Onde é que fica Lisboa?
    Jak zmienić hasło? | Proszę, jak zmienić hasło?
    Cum schimb parola? | Salut, cum schimb parola?
    Bagaimana cara membuat kopi? | Tolong, bagaimana cara membuat kopi?
    Como se chama o presidente? | Hola, como se chama o presidente?
    Cal é a capital de Galicia? | Por favor, cal é a capital de Galicia?
  `,
}
