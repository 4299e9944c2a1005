/** What people put around a Spanish question, written without accents; see the English frames for the patterns. */

import type { Frames } from './frames.ts'
import { words } from './list.ts'
import { patterns } from './pattern.ts'

export const SPANISH_FRAMES: Frames = {
  greeting: patterns(`
    hola|buenas|saludos a? todos|todas?
    buenos dias
    buenas tardes|noches
    oye|oiga|mira|perdon|perdona|perdone|disculpa|disculpe
    por favor
    porfa|porfavor
    tengo una duda|pregunta|consulta
    una duda|pregunta|consulta
    mi pregunta|duda|consulta es
  `),
  closing: patterns(`
    por favor
    porfa|porfavor
    gracias
    muchas|mil gracias
    gracias de antemano
    muchas gracias de antemano
    de antemano gracias
    gracias por tu|su ayuda
  `),
  ask: patterns(`
    me puedes|podrias|puede|podria|pueden|podrian decir|indicar|contar|aclarar|informar
    me puedes|podrias|puede|podria|pueden|podrian ayudar a entender|comprender|saber
    puedes|podrias|puede|podria|pueden|podrian decirme|indicarme|contarme|aclararme|informarme
    puedes|podrias|puede|podria|pueden|podrian ayudarme a entender|comprender|saber
    puedes|podrias|puede|podria decir|indicar|contar
    dime|digame|decime|indicame|indiqueme|cuentame|cuenteme
    ayudame a entender|comprender|saber
    quiero|quisiera|necesito|deseo|queria saber|entender|conocer|preguntar|comprender|averiguar
    me gustaria|interesa|encantaria saber|entender|conocer|preguntar|comprender
    sabes|sabe|sabrias|sabria
    sabes|sabe|sabrias|sabria decirme
    me pregunto|preguntaba
    no se|entiendo
    alguien|alguno me? sabe|puede|podria decirme|explicarme|decir|explicar?
    tienes idea de?
    hazme saber
    se puede saber
  `),
  explain: patterns(`
    me puedes|podrias|puede|podria|pueden|podrian explicar
    puedes|podrias|puede|podria|pueden|podrian explicarme|explicar|explicarnos
    explicame|expliqueme|explica|explique
    quiero|necesito|quisiera que me expliques|explique
    me gustaria que me expliques|explicaras|explique
    necesito|quiero una explicacion de|sobre
  `),
  order: [],
  howTo: patterns(`
    como puedo|podria
    como se puede|podria
    como le? hago para
    como le? puedo hacer para
    de que forma|manera|modo puedo|podria
    de que forma|manera|modo se puede
    que puedo hacer para
    que hago para
    cual es la|una forma|manera de
    cuales son los pasos para
    que pasos sigo|seguir para
  `),
  whereTo: patterns(`
    donde puedo|podria
    donde se puede|podria
    en que lugar|sitio puedo|podria
  `),
}

/** Irregular first persons to the stem of their infinitive: `cómo hago` asks what `cómo hacer` asks. */
export const FIRST_PERSONS: ReadonlyMap<string, string> = new Map(
  words(`
    hago/hac convierto/convert prefiero/prefer invierto/invert sigo/segu repito/repet pido/ped empiezo/empez comienzo/comenz cuento/cont encuentro/encontr consigo/consegu elijo/eleg duermo/dorm
    pierdo/perd salgo/sal pongo/pon digo/dec tengo/ten traduzco/traduc reduzco/reduc conozco/conoc produzco/produc
    obtengo/obten mantengo/manten resuelvo/resolv muevo/mov vuelvo/volv recuerdo/record pruebo/prob cierro/cerr
    enciendo/encend instruyo/instru construyo/constru caliento/calent mido/med sirvo/serv corrijo/correg despierto/despert
  `).map(pair => {
    const [form = '', stem = ''] = pair.split('/')
    return [form, stem]
  }),
)
