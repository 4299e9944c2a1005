/**
 * Words that mean the same in every question. The list is short on purpose: a word with a second sense is not in it
 * (clave, picture, film, app).
 */
import { groups } from './list.ts'

export const SYNONYMS = {
  en: groups(`
    email=e-mail photo=photograph telephone=phone tv=television=telly bicycle=bike car=automobile refrigerator=fridge
    advertisement=advert quickly=rapidly=fast buy=purchase begin=commence child=kid children=kids fix=repair doctor=physician
    gasoline=petrol airplane=aeroplane maths=math=mathematics wifi=wi-fi website=web-site
    colour=color favourite=favorite centre=center theatre=theater behaviour=behavior organise=organize optimise=optimize
    analyse=analyze grey=gray licence=license mom=mum=mother dad=father okay=ok delete=erase
    usa=united_states=u.s.a=u.s=united_states_of_america uk=united_kingdom=u.k nyc=new_york_city ai=artificial_intelligence
    ww2=wwii=world_war_2=world_war_ii=second_world_war=world_war_two ww1=wwi=world_war_1=world_war_i=first_world_war=world_war_one
    login=log_in=sign_in signup=sign_up setup=set_up backup=back_up
  `),
  es: groups(`
    email=e-mail=correo_electronico=correo_electrónico foto=fotografia fotos=fotografias coche=carro ordenador=computadora=computador
    pelicula=filme rapido=rapidamente bici=bicicleta moto=motocicleta nevera=refrigerador=frigorifico borrar=eliminar
    reparar=arreglar medico=doctor comenzar=empezar alquilar=rentar gafas=anteojos zumo=jugo tele=television wifi=wi-fi
    eeuu=estados_unidos=ee.uu=ee.uu.=eua ia=inteligencia_artificial onu=naciones_unidas enojado=enfadado borr-=elimin- repar-=arregl- comenz-=empez- alquil-=rent-
  `),
}

export const PHRASE_WORDS_MAX = 4
