#include "common/kafka_client.h"
#include "common/clock.h"
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
int main(int argc,char**argv){
 struct error err={0}; struct config_property props[8]; size_t np=0; 
 struct kafka_settings s={0}; strcpy(s.brokers,argv[1]); const char*mode=argv[2]; const char*topic=argv[3]; long n=atol(argv[4]); int spin=getenv("SPIN")?atoi(getenv("SPIN")):0; int slow=atoi(argv[5]);
 for(int i=6;i+1<argc;i+=2){strcpy(props[np].name,argv[i]);strcpy(props[np].value,argv[i+1]);np++;}
 s.properties=props;s.property_count=np;
 rd_kafka_conf_t*c; if(kafka_conf(&s,mode[0]=='p'?KAFKA_PRODUCER:KAFKA_CONSUMER,&c,&err)<0){puts(err.text);return 1;}
 char why[256];
 if(mode[0]=='p'){ rd_kafka_t*k=rd_kafka_new(RD_KAFKA_PRODUCER,c,why,256); char v[60]; memset(v,'x',60);
  rd_kafka_topic_t*t=rd_kafka_topic_new(k,topic,NULL);
  for(long i=0;i<n;i++){ while(rd_kafka_produce(t,(int)(i%8),RD_KAFKA_MSG_F_COPY,v,60,NULL,0,NULL)) rd_kafka_poll(k,1); if(i%1000==0)rd_kafka_poll(k,0);} 
  rd_kafka_flush(k,60000); return 0;}
 rd_kafka_conf_set(c,"group.id","g",why,256);
 rd_kafka_t*k=rd_kafka_new(RD_KAFKA_CONSUMER,c,why,256);
 rd_kafka_topic_partition_list_t*l=rd_kafka_topic_partition_list_new(8);
 for(int p=0;p<8;p++) rd_kafka_topic_partition_list_add(l,topic,p)->offset=RD_KAFKA_OFFSET_BEGINNING;
 rd_kafka_poll_set_consumer(k); rd_kafka_assign(k,l);
 if(slow) clock_sleep_ms(slow); /* backlog fills the queue */
 struct rusage ru; getrusage(RUSAGE_SELF,&ru); long rss0=ru.ru_maxrss;
 rd_kafka_queue_t*q=rd_kafka_queue_get_consumer(k); static rd_kafka_message_t*ms[10000]; long got=0; int64_t st=0;
 while(got<n){ ssize_t r=rd_kafka_consume_batch_queue(q,10,ms,1000); if(!st&&r>0) st=clock_monotonic_ms(); for(ssize_t i=0;i<r;i++){ if(!ms[i]->err) got++; for(volatile int z=0;z<spin;z++); rd_kafka_message_destroy(ms[i]);} }
 getrusage(RUSAGE_SELF,&ru);
 printf("%.2f M/s  rss after wait %ld MB, max %ld MB\n", got/1e3/(double)(clock_monotonic_ms()-st), rss0/1024, ru.ru_maxrss/1024); fflush(stdout); _exit(0);}
