/**
 * By rule the names it goes by: `|` between them, alternatives with commas, their parts with
 * spaces. However a text divides them, `api key` is also `apiKey`, `API-KEY` and `apikey`. `~`
 * where only a sentence says so, `^` where it must be the whole name. The rule without a name: it
 * is none of the others.
 */
export const NAMES: Readonly<Record<string, string>> = {
  secret:
    'pwd,psw,pw,contrasena,senha,cred,creds,credential,credentials,auth,authorization,bearer,jwt,token,secret,secrets,otp,totp,pin,cvv,cvv2,cvc,cvc2,csc,cookie,cookies,jsessionid,phpsessid,csrf,xsrf,signature,sas,dsn,pem,mnemonic,^sid,^pass|pass word,words,wd,phrase,code,wort|api,access,secret,private,signing,encryption,master,shared,account,secretaccess key,keys|onetime,mfa,verification,auth,security,pin,login,access code|db,database,mysql,postgres,pg,root,admin,smtp,ftp,redis,mongo pass|connect sid|connection,conn string,str|database,db,redis,mongo,postgres url,uri|seed,recovery,backup phrase,code,codes',
  ssn: 'ssn,ssns,socsec,ss,sin,nino,itin,tin,ein,aadhaar,cpf,pesel,socialsec,socialsecurity,~social|soc sec no,num,number|tax,taxpayer id,no,number|national id,insurance,identity',
  ip: 'ip,ips,ipv4,ipv6,forwardedfor|ip addr,address,addresses|client,remote,source,real,peer ip',
  mac: 'mac|mac addr,address',
  email: 'email,emails,emailid|email addr,address,addresses',
  phone:
    'phone,phones,mobile,~cell,tel,fax,msisdn,whatsapp,pager,~call,~text,~contact,~dial,~reach,~ph,~callback,~called,~phoned,~answeringat,~messageto,~messagesto,~smsto,~mynumber,~hisnumber,~hernumber,~yournumber,~theirnumber|tele,mobile,cell phone,phones|contact,phone,mobile,telephone no,num,number',
  dob: 'dob,born,bornon,birthday,birthdate,dateofbirth,birth',
  mrn: 'mrn,emrn,medicalrecord,medicalrecords,medrec,medrecno|patient,pt,chart,hospital,hosp id,identifier,no,number|medicalrecord,nhs,medrec no,num,number',
  plan: 'mbi,hicn,medicare,medicaid,~insurance|ins id,no,num,number|insurance card|blue cross,shield id|healthplan,insurance,insurancepolicy,member,beneficiary,subscriber,policy,group id,identifier,no,number',
  card: '~card,cc,pan|credit,debit,payment,bank card|cc,card no,num,number',
  account:
    '~account,acct,iban,bban,aba,sortcode,bankaccount|account,bankaccount,routing no,num,nr,number',
  passport: 'passport',
  npi: 'npi|provider,nationalprovider id,identifier',
  dea: 'dea',
  license:
    'driver,drivers,driving license,licence|medical,nursing,state,rn,md,dental,pharmacy,professional license,licence|lic no,num,number|dl,license,licence,certificate no,number',
  vehicle:
    'vin,~plate|license,licence,number plate|plate no,number|vehicle id,identification,registration',
  device:
    'imei,udi,imsi,meid,iccid,udid,idfa,idfv,gaid,~serial|android,advertising,device id,identifier|serial,deviceserial no,number|device,pump,implant sn',
  biometric: 'biometric,biometrics,retina,irisscan|face,voice id,print',
  name: '~mr,~mrs,~ms,~miss,~pt,~nurse,~surgeon,~physician,~guarantor,~husband,~wife,~daughter,~mother,~father,~brother,~sister,~referredby,~nextofkin,~emergencycontact,~spokewith,~electronicallysigned,~electronicallysignedby,~dr,~prof,~herr,~frau,~mme,~patient,~dear,~named,~nameis,~sincerely,~regards,~signed,~signedby,~attn,surname,forename,fname,lname,^given,^family,^patient|first,last,middle,full,given,family,maiden,nick,legal,real,patient,customer,contact,cardholder,accountholder,recipient,guardian,mother,mothers,mothersmaiden,father,spouse,doctor,physician,subscriber,member,employee,person,holder,beneficiary,student,insured name,names',
  address:
    'addr,address,addresses,street,streetline|address line|~st,~ave,~avenue,~road,~rd,~boulevard,~blvd,~lane,~ln,~drive,~court,~ct,~place,~pl,~square,~terrace,~parkway,~pkwy,~circle,~highway,~hwy,~way,~trail,~close,~crescent,~row,~plaza,~apt,~apartment,~suite,~ste,~unit,~pobox,~addressis,~rue,~calle,~avenida,~rua,~viale,~piazza,~chemin,~quai,~via,~livesat,~livingat,~residesat,~locatedat,~movedto,~sentto,~shipto,~shippedto,~deliverto,~deliveredto',
  zip: 'zip,zipcode,postcode,postalcode,plz',
  '': 'client,remote,peer,source,src,dest,destination,local,host,server,listen,bind,socket,memory,contract,wallet,web,virtual addr,address',
}

/** What Safe Harbor lists besides. */
export const HIPAA_NAMES: Readonly<Record<string, string>> = {
  mrn: '~chart|record,encounter,visit,case,unit,admission id,no,num,number',
  plan: '~policy,~subscriber|payer,plan,policy,carrier id,no,number',
  device: 'sn',
  name: '~provider,~attending,~pcp,~employee,~assignedto,~thisis',
  geo: 'lat,latitude,lng,lon,longitude,coordinate,coordinates,city,town,county,precinct,parish,district|geo location,point,hash',
  username: 'username,usernames,login,screenname,displayname,handle',
  fingerprint: 'fingerprint,fingerprints',
  photo: 'photo,photos,photograph,portrait,selfie,avatar|face,profile image,picture,pic',
  age: 'age',
  url: 'url,uri,homepage,website',
  date: 'dod,dos|admission,admitted,admit,discharge,discharged,death,visit,encounter,service,appointment,procedure,surgery,diagnosis date,day,at,on,time|admission,discharge,dateofdeath,dateofservice',
}

/** Follow a name without changing what it names: `passwordHash`, `email2`, `phone_number`. */
export const TAIL: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'hash,raw,value,plain,text,string,number,num,no,nr,old,new,current,confirm,confirmation,again,repeat,encrypted,digest,b64,base64,header,primary,secondary,home,work,last4'.split(
    ',',
  ),
)
