import asyncio
import json

import pytest

from tests.village import *

pytestmark = pytest.mark.anyio
async def test_probe(village):
    v=village
    async def show(who,q,**vars):
        r=await v.query(who,q,"en",**vars)
        print(r.status, json.dumps(r.json)[:500])
    print()
    await show("officer",'{a "3507112304850001"}')
    await show("officer",'{households(first:"abc"){nodes{id}}}')
    await show("officer",'query($x:ID){household(by:{id:$x}){id}}',x=None)
    await show("officer",'query($x:ID){household(by:{id:$x}){id}}')
    await show("officer",'query($x:HouseholdKey!){household(by:$x){id}}',x={"id":"1","householdNo":"2"})
    await show("officer",'query($x:HouseholdKey!){household(by:$x){id}}',x={"foo":"1"})
    await show("officer",'query A{viewer{id}} query B{viewer{id}}')
    await show("officer",'{a'*300+'}'*300)
    await show("officer",'{a'*3000+'}'*3000)
    await show("officer",'query($x:String!){household(by:{householdNo:$x}){id}}',x="a\0b")
    await show("officer",'{household(by:{householdNo:"a\\u0000b"}){id}}')
    await show("officer",'{household(by:{householdNo:"a\\uD800b"}){id}}')
    await show("officer",SUBMIT,household=household(address="a\0b"))
    await show("officer",SUBMIT,household=household(saveAs="X"))
    h=household(); h["members"][0]["sex"]="W"
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["nikk"]="9907116304850001"
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["nik"]=9907116304850001
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["seq"]=9907116304850001
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"]=None
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"]=[None]
    await show("officer",SUBMIT,household=h)
    h=household(); h["businesses"]=[shop(h["members"][0],locationVillageCode=NEXT_DOOR)]
    await show("officer",SUBMIT,household=h)
    h=household(); h["businesses"]=[shop(h["members"][0],locationVillageCode="99.99.99.9999")]
    await show("officer",SUBMIT,household=h)
    h=household(); h["businesses"]=[shop(h["members"][0],status=None,permits=None,exportReadiness=None)]
    await show("officer",SUBMIT,household=h)
    await show("officer",SUBMIT,household=household(consent=None))
    await show("officer",SUBMIT,household=household(location={"latitude":-8.123456,"longitude":1e308}))
    await show("officer",SUBMIT,household=household(location={"latitude":-8.123456,"longitude":None}))
    await show("officer",SUBMIT,household=household(welfareDecile=2**31-1))
    await show("officer",SUBMIT,household=household(welfareDecile=11))
    await show("officer",SUBMIT,household=household(rt="abcd", consent={"basis":"CONSENT","givenBy":"x"*100000}))
    await show("officer",SUBMIT,household=household(capturedAt="0001-01-01T00:00:00.000+14:00"))
    await show("officer",SUBMIT,household=household(kkMissingReason=None))
    await show("officer",SUBMIT,household=household(villageCode=None))
    print("--- empties")
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4())})
    await show("officer",SUBMIT,household={"id":"x"})
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4()),"villageCode":HERE}, saveAs="DRAFT")
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4()),"villageCode":HERE})
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4()),"villageCode":HERE}, saveAs=None)
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4()),"villageCode":HERE,"members":[{"id":str(uuid.uuid4())}]}, saveAs="DRAFT")
    await show("officer",SUBMIT,household={"id":str(uuid.uuid4()),"villageCode":HERE,"members":[{"id":str(uuid.uuid4()),"removed":True}]}, saveAs="DRAFT")
    same=str(uuid.uuid4())
    h=household(); h["members"]=[person(1,id=same),person(2,id=same)]; h["migrations"]=[]
    await show("officer",SUBMIT,household=h)
    h=household(people=2); h["members"][1]["id"]=h["members"][0]["id"].upper()
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["id"]=h["id"]; h["migrations"][0]["memberId"]=h["id"]
    await show("officer",SUBMIT,household=h)
    h=household(); h["migrations"][0]["memberId"]=str(uuid.uuid4())
    await show("officer",SUBMIT,household=h)
    h=household(); h["migrations"][0]["memberId"]="x"
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["motherId"]=str(uuid.uuid4())
    await show("officer",SUBMIT,household=h)
    h=household(); h["members"][0]["nik"]="350711310285"+"0001"
    await show("officer",SUBMIT,household=h)
    h=household(people=2); h["members"][1]["relationToHead"]="HEAD"
    await show("officer",SUBMIT,household=h)
    h=household(people=51)
    await show("officer",SUBMIT,household=h)
    h=household(); h["businesses"]=[shop(h["members"][0],annualSales={"amount":"-5","currency":"IDR"})]
    await show("officer",SUBMIT,household=h)
    h=household(); h["businesses"]=[shop(h["members"][0],annualSales={"amount":"5.1","currency":"IDR"})]
    await show("officer",SUBMIT,household=h)
    await show("officer",SUBMIT,household=h)
    h["businesses"][0]["annualSales"]["amount"]="5.10"
    await show("officer",SUBMIT,household=h)
    h=household(); h["migrations"][0]["departedOn"]="2022-13"
    await show("officer",SUBMIT,household=h)
    h=household(); h["migrations"][0]["country"]="ID"
    await show("officer",SUBMIT,household=h)
    h=household(); h["migrations"][0]["country"]="XX"
    await show("officer",SUBMIT,household=h)
    await show("officer",VERIFY,items=[])
    await show("verifier",VERIFY,items=[])
    await show("verifier",VERIFY,items=[{"id":str(uuid.uuid4()),"rev":1}]*51)
    await show("verifier",VERIFY,items=[{"id":"zz","rev":1}])
    await show("verifier",VERIFY,items=[{"id":str(uuid.uuid4()),"rev":1,"acceptFindings":None}])
    await show("verifier",VERIFY,items=[{"id":str(uuid.uuid4()),"rev":1}], note="a\0")
    await show("verifier",RETURN,id=str(uuid.uuid4()),rev=1,remarks=[])
    await show("officer", "query($a:Int){households(first:$a){nodes{id}}}", a=0)
    await show("officer", "query($a:Int){households(first:$a){nodes{id}}}", a=1001)
    await show("officer", "query($a:Int){households(first:$a){nodes{id}}}", a=-1)
    await show("officer", "query($a:Int){households(first:$a){nodes{id}}}", a=None)
    await show("officer", "query($a:String){households(after:$a){nodes{id}}}", a="xyz")
    await show("officer", "query($a:String){households(after:$a){nodes{id}}}", a="")
    await show("officer", "query($a:String){households(after:$a){nodes{id}}}", a=None)
    await show("officer", "query($a:String){households(after:$a){nodes{id}}}", a="é")
    await show("officer", "{"+"regions(first:1){nodes{parent"+"{parent"*150+"{id}"+"}"*153)
    await show("officer", 'query($a:RegionOrder){regions(orderBy:$a){nodes{id}}}', a={"field":"NAME","direction":None})
    await show("officer", 'query($a:RegionOrder){regions(orderBy:$a){nodes{id}}}', a=None)
    h=household()
    print([r.data["submitHousehold"]["outcome"] for r in await asyncio.gather(*[v.query("officer",SUBMIT,household=h) for _ in range(6)])])
