/**
 * Questions, and what people put around them. A question stands with its clause (`direct | clause`), since some frames
 * ask for the one and some for the other. Each question is reworded by five of the frames, in turn.
 */
import type { Pair } from './pair.ts'

const ENGLISH = `
  How do I reset my password? | how to reset my password
  What is the capital of France? | what the capital of France is
  Why is the sky blue? | why the sky is blue
  When did the Roman Empire fall? | when the Roman Empire fell
  Who painted the Mona Lisa? | who painted the Mona Lisa
  How does photosynthesis work? | how photosynthesis works
  Where can I buy cheap flights to Rome? | where I can buy cheap flights to Rome
  What is the difference between TCP and UDP? | what the difference between TCP and UDP is
  How many planets are there? | how many planets there are
  Which language has the most speakers? | which language has the most speakers
  Can dogs eat chocolate? | whether dogs can eat chocolate
  How can I learn English fast? | how I can learn English fast
  What should I eat before a marathon? | what I should eat before a marathon
  How long does it take to boil an egg? | how long it takes to boil an egg
  Why doesn't my printer work? | why my printer doesn't work
  Is it safe to drink tap water in Peru? | if it is safe to drink tap water in Peru
  What happens if I miss a payment? | what happens if I miss a payment
  How much does a 5 km taxi ride cost? | how much a 5 km taxi ride costs
  When was Shakespeare born? | when Shakespeare was born
  How do I convert 10 miles to kilometers? | how to convert 10 miles to kilometers
`

const SPANISH = `
  ¿Cómo cambio mi contraseña? | cómo cambiar mi contraseña
  ¿Cuál es la capital de Francia? | cuál es la capital de Francia
  ¿Por qué el cielo es azul? | por qué el cielo es azul
  ¿Cuándo cayó el Imperio romano? | cuándo cayó el Imperio romano
  ¿Quién pintó la Mona Lisa? | quién pintó la Mona Lisa
  ¿Cómo funciona la fotosíntesis? | cómo funciona la fotosíntesis
  ¿Dónde puedo comprar vuelos baratos a Roma? | dónde comprar vuelos baratos a Roma
  ¿Cuál es la diferencia entre TCP y UDP? | cuál es la diferencia entre TCP y UDP
  ¿Cuántos planetas hay? | cuántos planetas hay
  ¿Qué idioma tiene más hablantes? | qué idioma tiene más hablantes
  ¿Los perros pueden comer chocolate? | si los perros pueden comer chocolate
  ¿Cómo puedo aprender inglés rápido? | cómo aprender inglés rápido
  ¿Qué debo comer antes de una maratón? | qué debo comer antes de una maratón
  ¿Cuánto tarda en hervir un huevo? | cuánto tarda en hervir un huevo
  ¿Por qué no funciona mi impresora? | por qué no funciona mi impresora
  ¿Es seguro beber agua del grifo en Perú? | si es seguro beber agua del grifo en Perú
  ¿Qué pasa si no pago a tiempo? | qué pasa si no pago a tiempo
  ¿Cuánto cuesta un taxi de 5 km? | cuánto cuesta un taxi de 5 km
  ¿Cuándo nació Cervantes? | cuándo nació Cervantes
  ¿Cómo convierto 10 millas a kilómetros? | cómo puedo convertir 10 millas a kilómetros
`

/** `?` stands for the question, `…` for its clause. */
const ENGLISH_FRAMES = [
  'Can you explain …?',
  'Hi, ? Thanks in advance!',
  "I'd like to know …",
  'Could you please tell me …?',
  'Please, ?',
  'Do you know …?',
  'I was wondering …',
  'Would you mind telling me …?',
  'Hello! I have a question: ?',
  "I'm trying to understand …",
  'Can someone tell me …, please?',
  'Help me understand …',
  'hey, ? thank you',
  "I'd appreciate it if you told me …",
  'Any idea …?',
  'Please let me know …',
  'I need to know …',
  'In case you know: ?',
  'Tell me …',
  'Good morning, could you tell me …?',
  'Quick question: ?',
]

const SPANISH_FRAMES = [
  '¿Me puedes decir …?',
  'Hola, ? Gracias de antemano',
  'Quiero saber …',
  '¿Podrías explicarme …, por favor?',
  'Por favor, ?',
  '¿Sabes …?',
  'Me gustaría saber …',
  'Dime …',
  'Buenos días, tengo una duda: ?',
  'Necesito saber …',
  '¿Alguien me puede decir …?',
  'Ayúdame a entender …',
  'oye, ? muchas gracias',
  'Te agradecería que me dijeras …',
  'Me pregunto …',
  'Explícame …',
  'Quisiera saber …',
  'A ver si lo sabes: ?',
  '¿Puedes decirme …?',
  'Buenas tardes, ¿me podría indicar …?',
  'Una pregunta: ?',
]

const FRAMES_EACH = 5

export const REWORDINGS: readonly Pair[] = [
  ...reworded('en', ENGLISH, ENGLISH_FRAMES),
  ...reworded('es', SPANISH, SPANISH_FRAMES),
]

function reworded(about: string, questions: string, frames: readonly string[]): readonly Pair[] {
  return questions
    .trim()
    .split('\n')
    .flatMap((line, index) => {
      const [known = '', clause = ''] = line.split(' | ').map(text => text.trim())
      return Array.from({ length: FRAMES_EACH }, (_, turn) => {
        const frame = frames[(index * FRAMES_EACH + turn) % frames.length] ?? ''
        const asked = frame.replace(/\?(?= |$)(?![^…]*…)/, known)
        return { about, asked: frame.includes('…') ? frame.replace('…', clause) : asked, known }
      })
    })
}
